using System.Data;
using Microsoft.Extensions.Logging;
using MySqlConnector;

namespace Relaybox.MySql;

/// <summary>
/// Lets one process at a time migrate a schema. The lock is that of a row: it ends with its connection, so that no dead process can keep
/// it. The row is committed before it is locked: those who wait for a row that is then rolled back lock the gap where it was, and a
/// migration would wait there for itself.
/// </summary>
/// <param name="names">The tables.</param>
/// <param name="schema">The schema, for the log.</param>
/// <param name="step">How often it is said that another migration is waited for.</param>
/// <param name="logger">The log.</param>
internal sealed class MySqlMigrationLock(MySqlNames names, string schema, TimeSpan step, ILogger logger)
{
    /// <summary>The row's name among those of the files that were applied.</summary>
    internal const string RowName = "lock";

    // The server's own limits end the waits.
    private const int Unlimited = 0;

    /// <summary>Waits for the lock.</summary>
    /// <param name="guard">A connection for the lock alone.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The transaction that holds it.</returns>
    internal async Task<MySqlTransaction> TakeAsync(MySqlConnection guard, CancellationToken cancellationToken)
    {
        var seconds = Math.Max(1, (int)step.TotalSeconds);
        await ExecuteAsync(string.Create(null, $"SET SESSION innodb_lock_wait_timeout = {seconds}"), guard, cancellationToken);
        for (var waited = step; ; waited += step)
        {
            try
            {
                await EnsureRowAsync(guard, cancellationToken);
                return await LockRowAsync(guard, cancellationToken);
            }
            catch (MySqlException e) when (MySqlFaults.EndsTransaction(e))
            {
                Log.MigrationWaits(logger, schema, waited.TotalSeconds);
            }
        }
    }

    private async Task EnsureRowAsync(MySqlConnection guard, CancellationToken cancellationToken)
    {
        await using var exists = new MySqlCommand($"SELECT COUNT(*) FROM {names.Migrations} WHERE name = '{RowName}'", guard);
        if ((long)(await exists.ExecuteScalarAsync(cancellationToken))! == 0)
        {
            await ExecuteAsync(
                $"INSERT INTO {names.Migrations} (name, checksum, tables) VALUES ('{RowName}', '', '') ON DUPLICATE KEY UPDATE checksum = ''",
                guard,
                cancellationToken);
        }
    }

    private async Task<MySqlTransaction> LockRowAsync(MySqlConnection guard, CancellationToken cancellationToken)
    {
        var transaction = await guard.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken);
        try
        {
            await using var command = new MySqlCommand(
                $"SELECT name FROM {names.Migrations} WHERE name = '{RowName}' FOR UPDATE", guard, transaction)
            {
                CommandTimeout = Unlimited,
            };
            await command.ExecuteScalarAsync(cancellationToken);
            return transaction;
        }
        catch
        {
            await transaction.DisposeAsync();
            throw;
        }
    }

    private static async Task ExecuteAsync(string sql, MySqlConnection guard, CancellationToken cancellationToken)
    {
        await using var command = new MySqlCommand(sql, guard) { CommandTimeout = Unlimited };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
