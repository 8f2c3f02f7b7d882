using Relaybox.Outbox;

namespace Relaybox.Postgres;

/// <summary>
/// The sequence that numbers the rows of the outbox is behind the rows of the table, as after a restore, a logical replication or
/// a switch to another server. Nothing was written. Setup puts it right. This says nothing about the event's id: it is no
/// <see cref="EventIdTakenException"/>.
/// </summary>
/// <param name="sequence">The sequence's name.</param>
/// <param name="innerException">What the server answered.</param>
public sealed class OutboxSequenceException(string sequence, Exception innerException) : Exception(
    $"The sequence {sequence} is behind the rows of its table, as after a restore or a switch to a replica; nothing was written. "
    + "Invoke the Setup function, or run ./run migrate, which puts it right, and make the same call again.",
    innerException);
