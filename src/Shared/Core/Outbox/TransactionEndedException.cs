namespace Relaybox.Outbox;

/// <summary>
/// A transaction that was handed out is no longer open when it is to be committed: the code that it was given to
/// committed it, rolled it back or disposed it, or the connection was lost. What that code committed itself is written
/// without the rest: without the inbox mark, or without the outbox row. A handler's message is a dead letter at once: a
/// further attempt would write it again.
/// </summary>
public sealed class TransactionEndedException() : InvalidOperationException(
    "The transaction is no longer open. The code that is given it must not commit, roll back or dispose it, nor its " +
    "connection: what it wrote is committed, with all that belongs to it, when it has returned.");
