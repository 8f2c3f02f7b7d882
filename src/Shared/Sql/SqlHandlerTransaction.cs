using System.Data.Common;

namespace Relaybox.Sql;

/// <summary>The database transaction of one handler, on a connection of its own.</summary>
/// <param name="database">Where another connection comes from, to end this one from.</param>
/// <param name="connection">The connection.</param>
internal abstract class SqlHandlerTransaction(SqlConnections database, DbConnection connection)
{
    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(2);

    /// <summary>Gives the connection back to the pool; what is not committed is rolled back.</summary>
    internal abstract ValueTask CloseAsync();

    /// <summary>
    /// Ends the transaction from outside, because its handler is still running and may hold the connection at any moment. The connection
    /// is closed when the handler has ended.
    /// </summary>
    /// <param name="handler">The handler, still running.</param>
    internal async ValueTask LeaveToAsync(Task handler)
    {
        if (IsHeld)
        {
            await EndAsync();
        }

        _ = CloseAfterAsync(handler);
    }

    /// <summary>Whether the server's connection is this transaction's still, and nobody else's.</summary>
    protected virtual bool IsHeld => true;

    /// <summary>Makes a command that ends the server's side of this transaction.</summary>
    protected abstract DbCommand CreateEnd(DbConnection another);

    /// <summary>Lets the server end its side of the transaction.</summary>
    protected async Task EndAsync()
    {
        using var patience = new CancellationTokenSource(LongestEnd);
        try
        {
            await using var another = await database.OpenAsync(patience.Token);
            await using var command = CreateEnd(another);
            await command.ExecuteNonQueryAsync(patience.Token);
        }
        catch (Exception e) when (e is DbException or OperationCanceledException)
        {
            // It has ended by itself, or the server ends it when the connection is closed or its limit is over.
        }
    }

    /// <summary>Gives the connection back to the pool.</summary>
    protected async Task DisposeConnectionAsync()
    {
        try
        {
            await connection.DisposeAsync();
        }
        catch (Exception)
        {
            // It broke while it was closed, or is still in use, so that the pool does not take it back. What became of the message is known.
        }
    }

    private async Task CloseAfterAsync(Task handler)
    {
        await handler.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        await DisposeConnectionAsync();
    }
}
