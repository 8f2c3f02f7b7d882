using System.Data;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Npgsql;
using Relaybox.Diagnostics;

namespace Relaybox.Postgres;

/// <summary>
/// Brings the schema up to date: applies the numbered SQL files of this build that the database has not seen, in order,
/// each in a transaction of its own. Running it again does nothing; of two that run at once one waits for the other.
/// </summary>
/// <param name="connections">The database, as a role that may create the schema's objects.</param>
/// <param name="options">The names.</param>
/// <param name="logger">The log.</param>
public sealed class PostgresMigrator(PostgresConnections connections, PostgresOptions options, ILogger<PostgresMigrator> logger)
{
    private const int Unlimited = 0;

    private readonly PostgresNames _names = new(options);

    /// <summary>How often it is said that another migration is waited for. Default: 10 seconds.</summary>
    internal TimeSpan WaitStep { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a migration waits for a table that a transaction holds before it gives up. Default: 15 seconds.</summary>
    internal TimeSpan LongestTableWait { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Applies what is missing.</summary>
    /// <param name="cancellationToken">Ends the work; the migration under way is rolled back.</param>
    /// <returns>The names of the migrations that this call applied.</returns>
    /// <exception cref="MigrationException">
    /// A migration failed, one that was applied is not the one of this build, or the schema holds tables of other names.
    /// </exception>
    public async Task<IReadOnlyList<string>> MigrateAsync(CancellationToken cancellationToken)
    {
        await using var connection = await connections.OpenConnectionAsync(cancellationToken);
        var applied = new List<string>();
        await RunAsync("The schema's preparation", connection, PrepareAsync, cancellationToken);
        foreach (var migration in Migration.All)
        {
            var isNew = false;
            await RunAsync(
                $"Migration {migration.Name}",
                connection,
                async (transaction, ct) => isNew = await ApplyAsync(migration, transaction, ct),
                cancellationToken);
            if (isNew)
            {
                Log.MigrationApplied(logger, migration.Name, options.Schema);
                applied.Add(migration.Name);
            }
        }

        return applied;
    }

    /// <summary>For development: creates whatever is missing, and costs one query where nothing is.</summary>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="MigrationException">As for <see cref="MigrateAsync"/>.</exception>
    public async Task EnsureCreatedAsync(CancellationToken cancellationToken)
    {
        await using (var connection = await connections.OpenConnectionAsync(cancellationToken))
        {
            if (await IsCompleteAsync(connection, cancellationToken))
            {
                return;
            }
        }

        await MigrateAsync(cancellationToken);
    }

    /// <summary>
    /// Makes the roles of least privilege where they are missing, and grants them what the options ask for, no more. After
    /// <see cref="MigrateAsync"/>; again after a change of <see cref="PostgresOptions.AfterSending"/>.
    /// </summary>
    /// <param name="roles">Their names.</param>
    /// <param name="cancellationToken">Ends the work; nothing is granted then.</param>
    /// <exception cref="MigrationException">A role could not be made or granted to.</exception>
    public async Task GrantRolesAsync(PostgresRoles roles, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(roles);
        var sql = roles.Render(_names, options.AfterSending);
        await using var connection = await connections.OpenConnectionAsync(cancellationToken);
        await RunAsync("Granting the roles", connection, (transaction, ct) => ExecuteAsync(sql, transaction, ct), cancellationToken);
    }

    private async Task<bool> IsCompleteAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var exists = new NpgsqlCommand("SELECT to_regclass($1) IS NOT NULL", connection);
        exists.Parameters.Add(new() { Value = _names.Migrations });
        if (await exists.ExecuteScalarAsync(cancellationToken) is not true)
        {
            return false;
        }

        await using var count = new NpgsqlCommand($"SELECT count(*) FROM {_names.Migrations} WHERE tables = $1", connection);
        count.Parameters.Add(new() { Value = _names.Tables });
        return await count.ExecuteScalarAsync(cancellationToken) is long applied && applied >= Migration.All.Count;
    }

    private async Task PrepareAsync(NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        // IF NOT EXISTS asks for the right to create even where there is nothing to create.
        await using var exists = new NpgsqlCommand("SELECT to_regclass($1) IS NOT NULL, to_regnamespace($2) IS NOT NULL", transaction.Connection, transaction);
        exists.Parameters.Add(new() { Value = _names.Migrations });
        exists.Parameters.Add(new() { Value = _names.Schema });
        bool hasTable, hasSchema;
        await using (var reader = await exists.ExecuteReaderAsync(cancellationToken))
        {
            await reader.ReadAsync(cancellationToken);
            (hasTable, hasSchema) = (reader.GetBoolean(0), reader.GetBoolean(1));
        }

        if (!hasTable)
        {
            await ExecuteAsync(
                $"""
                {(hasSchema ? "" : $"CREATE SCHEMA {_names.Schema};")}
                CREATE TABLE {_names.Migrations} (
                    version    integer     PRIMARY KEY,
                    name       text        NOT NULL,
                    checksum   text        NOT NULL,
                    tables     text        NOT NULL,
                    applied_at timestamptz NOT NULL DEFAULT now()
                );
                """,
                transaction,
                cancellationToken);
        }
    }

    private async Task<bool> ApplyAsync(Migration migration, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        await using (var find = new NpgsqlCommand(
            $"SELECT checksum, tables FROM {_names.Migrations} WHERE version = $1", transaction.Connection, transaction))
        {
            find.Parameters.Add(new() { Value = migration.Version });
            await using var reader = await find.ExecuteReaderAsync(cancellationToken);
            if (await reader.ReadAsync(cancellationToken))
            {
                Compare(migration, reader.GetString(0), reader.GetString(1));
                return false;
            }
        }

        await ExecuteAsync(migration.Render(_names), transaction, cancellationToken);
        await using var insert = new NpgsqlCommand(
            $"INSERT INTO {_names.Migrations} (version, name, checksum, tables) VALUES ($1, $2, $3, $4)",
            transaction.Connection,
            transaction);
        insert.Parameters.Add(new() { Value = migration.Version });
        insert.Parameters.Add(new() { Value = migration.Name });
        insert.Parameters.Add(new() { Value = migration.Checksum });
        insert.Parameters.Add(new() { Value = _names.Tables });
        await insert.ExecuteNonQueryAsync(cancellationToken);
        return true;
    }

    private void Compare(Migration migration, string checksum, string tables)
    {
        if (tables != _names.Tables)
        {
            throw new MigrationException(
                $"The schema '{options.Schema}' holds the tables {tables}; the configuration names {_names.Tables}. " +
                "Use those names, or another schema.");
        }

        if (checksum != migration.Checksum)
        {
            throw new MigrationException(
                $"Migration {migration.Name} was applied to the schema '{options.Schema}' with another text than this build has. " +
                "A migration that was released never changes: deploy the build that it came from, or restore its file.");
        }
    }

    private async Task RunAsync(
        string what,
        NpgsqlConnection connection,
        Func<NpgsqlTransaction, CancellationToken, Task> step,
        CancellationToken cancellationToken)
    {
        for (var waited = WaitStep; ; waited += WaitStep)
        {
            try
            {
                await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken);
                if (!await TryLockAsync(transaction, cancellationToken))
                {
                    Log.MigrationWaits(logger, options.Schema, waited.TotalSeconds);
                    continue;
                }

                await step(transaction, cancellationToken);
                await transaction.CommitAsync(cancellationToken);
                return;
            }
            catch (PostgresException e)
            {
                var advice = e.SqlState == PostgresErrorCodes.LockNotAvailable
                    ? " A transaction that is open for long holds one of the tables: let it end, and try again."
                    : "";
                throw new MigrationException($"{what} failed: {e.MessageText} ({e.SqlState}). Nothing of it was applied.{advice}", e);
            }
        }
    }

    /// <summary>Waits for whoever migrates this schema, for one step of the wait.</summary>
    /// <returns>Whether the lock is held; otherwise the transaction has failed.</returns>
    private async Task<bool> TryLockAsync(NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        await SetLockTimeoutAsync(WaitStep, transaction, cancellationToken);
        try
        {
            // The lock ends with the transaction, so that it works through a pooler and no dead process can keep it.
            await using var wait = new NpgsqlCommand("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", transaction.Connection, transaction)
            {
                CommandTimeout = Unlimited,
            };
            wait.Parameters.Add(new() { Value = $"relaybox.migrate.{options.Schema}" });
            await wait.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            return false;
        }

        // Whoever waits for a table holds up everybody who comes after: apps too.
        await SetLockTimeoutAsync(LongestTableWait, transaction, cancellationToken);
        return true;
    }

    private static Task SetLockTimeoutAsync(TimeSpan timeout, NpgsqlTransaction transaction, CancellationToken cancellationToken) => ExecuteAsync(
        string.Create(CultureInfo.InvariantCulture, $"SET LOCAL lock_timeout = {(long)timeout.TotalMilliseconds}"), transaction, cancellationToken);

    // Building an index takes as long as it takes; who called decides when it is too long.
    private static async Task ExecuteAsync(string sql, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, transaction.Connection, transaction) { CommandTimeout = Unlimited };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
