using System.Data;
using MySqlConnector;

namespace Relaybox.MySql;

/// <summary>Transactions of our own statements.</summary>
internal static class MySqlTransactions
{
    /// <summary>The beginning of a text that is a transaction, whatever the session's level is.</summary>
    internal const string Begin = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; START TRANSACTION; ";

    private static readonly TimeSpan LongestRollback = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Carries out statements that begin with <see cref="Begin"/> and end with COMMIT. Where they fail in between the transaction is
    /// still open, and the pool would give it to the next caller: it is rolled back.
    /// </summary>
    internal static async Task<T> RunAsync<T>(MySqlConnection connection, Func<Task<T>> statements)
    {
        try
        {
            return await statements();
        }
        catch
        {
            await RollBackAsync(connection);
            throw;
        }
    }

    /// <summary>Whether a statement failed because a savepoint is gone, and with it the transaction that it was set in.</summary>
    internal static bool IsMissingSavepoint(MySqlException e, string savepoint) =>
        e.ErrorCode == MySqlErrorCode.StoredProcedureDoesNotExist && e.Message.Contains(savepoint, StringComparison.Ordinal);

    /// <summary>Ends what is open on a connection. If that fails the connection is not used again.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="after">What to execute after that; null: nothing.</param>
    internal static async Task RollBackAsync(MySqlConnection connection, string? after = null)
    {
        if (connection.State != ConnectionState.Open)
        {
            return;
        }

        using var patience = new CancellationTokenSource(LongestRollback);
        try
        {
            await using var command = new MySqlCommand($"ROLLBACK; {after}", connection);
            await command.ExecuteNonQueryAsync(patience.Token);
        }
        catch (Exception e) when (e is MySqlException or OperationCanceledException or InvalidOperationException or IOException)
        {
            await MySqlSession.KillAsync(connection);
        }
    }
}
