using MySqlConnector;

namespace Relaybox.MySql;

/// <summary>What every session of ours is set to, whatever the server's defaults are.</summary>
internal static class MySqlSession
{
    // Under REPEATABLE READ, claims and inserts would lock the gaps between rows and end in deadlocks. Without a strict mode the server
    // cuts what is too long instead of refusing it. A session that is silent for as long as a function can run ends, and its locks with it.
    private const string Settings =
        """
        SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;
        SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',
            time_zone = '+00:00', innodb_lock_wait_timeout = 10, wait_timeout = 900
        """;

    // A replica of Aurora has the second, every other one the first.
    private const string IsReadOnly = "SELECT CAST(@@GLOBAL.read_only AS CHAR) NOT IN ('0', 'OFF') OR @@innodb_read_only";

    /// <summary>A data source whose sessions are set so, and whose server is new enough.</summary>
    /// <param name="connectionString">How the server is reached.</param>
    /// <param name="mustWrite">Whether a server that takes no writes is refused, because there are others.</param>
    internal static MySqlDataSource CreateDataSource(string connectionString, bool mustWrite = false) =>
        new MySqlDataSourceBuilder(connectionString)
            .UseConnectionOpenedCallback((context, cancellationToken) => PrepareAsync(context, mustWrite, cancellationToken)).Build();

    /// <summary>Opens a connection whose session is set.</summary>
    /// <remarks>
    /// Where an open is cancelled between the connection and its settings, the driver puts the session into the pool as it is. So the open
    /// always goes on to its end, which the connection's timeout bounds, and a connection that nobody waits for any longer is closed.
    /// </remarks>
    internal static async ValueTask<MySqlConnection> OpenAsync(MySqlDataSource source, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var opening = source.OpenConnectionAsync(CancellationToken.None).AsTask();
        try
        {
            return await opening.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            _ = CloseAsync(opening);
            throw;
        }
    }

    /// <summary>Ends a session, so that the pool does not give it to anybody: for one of which nobody knows what it is in.</summary>
    internal static async Task KillAsync(MySqlConnection connection)
    {
        try
        {
            await using var command = new MySqlCommand("KILL CONNECTION_ID()", connection);
            await command.ExecuteNonQueryAsync(CancellationToken.None);
        }
        catch (Exception e) when (e is MySqlException or InvalidOperationException or IOException)
        {
            // The answer is an error, and then the connection is gone.
        }

        // The driver learns so by what it sends next.
        await connection.PingAsync(CancellationToken.None);
    }

    private static async ValueTask PrepareAsync(MySqlConnectionOpenedContext context, bool mustWrite, CancellationToken cancellationToken)
    {
        // A session of the pool that was not reset is still set.
        if (context.Conditions == MySqlConnectionOpenedConditions.None)
        {
            return;
        }

        try
        {
            MySqlServerVersion.Require(context.Connection.ServerVersion);
            var asks = mustWrite && context.Conditions.HasFlag(MySqlConnectionOpenedConditions.New);
            await using var command = new MySqlCommand(asks ? $"{Settings}; {IsReadOnly}" : Settings, context.Connection);
            if (await command.ExecuteScalarAsync(cancellationToken) is { } isReadOnly && Convert.ToInt64(isReadOnly, null) != 0)
            {
                throw new ReadOnlyServerException();
            }
        }
        catch
        {
            // The driver would put it into the pool.
            await KillAsync(context.Connection);
            throw;
        }
    }

    private static async Task CloseAsync(Task<MySqlConnection> opening)
    {
        try
        {
            await (await opening).DisposeAsync();
        }
        catch (Exception e) when (e is MySqlException or ReadOnlyServerException or MySqlVersionException or ObjectDisposedException)
        {
            // Nobody asks any longer whether it can be opened.
        }
    }
}
