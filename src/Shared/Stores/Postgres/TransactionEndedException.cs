namespace Relaybox.Stores.Postgres;

/// <summary>
/// The transaction that a handler was given is no longer open when it is to be committed: the handler committed it,
/// rolled it back or disposed it, or the connection was lost. Only the consumer may end it. What the handler committed
/// itself is written without the inbox mark, and will be written again by the next attempt.
/// </summary>
public sealed class TransactionEndedException() : InvalidOperationException(
    "The handler's transaction is no longer open. A handler must not commit, roll back or dispose the transaction or the " +
    "connection that it is given: the consumer commits them with the inbox mark when the handler has returned.");
