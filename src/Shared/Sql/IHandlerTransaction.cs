namespace Relaybox.Sql;

/// <summary>The database transaction of one handler, on a connection of its own.</summary>
internal interface IHandlerTransaction
{
    /// <summary>Gives the connection back to the pool; what is not committed is rolled back.</summary>
    ValueTask CloseAsync();

    /// <summary>
    /// Ends the transaction from outside, because its handler is still running and may hold the connection at any moment. The connection
    /// is closed when the handler has ended.
    /// </summary>
    /// <param name="handler">The handler, still running.</param>
    ValueTask LeaveToAsync(Task handler);
}
