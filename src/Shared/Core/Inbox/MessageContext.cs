namespace Relaybox.Inbox;

/// <summary>What a handler may know of its message besides the payload.</summary>
public sealed class MessageContext
{
    /// <summary>The event's id.</summary>
    public required string EventId { get; init; }

    /// <summary>The event's subject.</summary>
    public required string Subject { get; init; }

    /// <summary>The consumer that this handler works for.</summary>
    public required string Consumer { get; init; }

    /// <summary>The event's headers, as they were written.</summary>
    public required IReadOnlyDictionary<string, string> Headers { get; init; }

    /// <summary>The event's ordering key.</summary>
    public string? OrderingKey { get; init; }

    /// <summary>When the event was written.</summary>
    public DateTimeOffset? EnqueuedAt { get; init; }

    /// <summary>The result of the operation that the event is about, as JSON; null where none travelled with it.</summary>
    public string? Result { get; init; }

    /// <summary>
    /// The id of the replay by which an operator has the event handled again; empty otherwise. Each replay has its own attempts: a system
    /// outside of the transaction that remembers event ids needs this id beside them.
    /// </summary>
    public string ReplayId { get; init; } = "";

    /// <summary>Which attempt this is, from 1.</summary>
    public required int Deliveries { get; init; }

    /// <summary>
    /// Higher with every attempt that counts; the same again after one that failed because the store was away. A system outside of the
    /// transaction that keeps the highest token it has seen can refuse a late writer.
    /// </summary>
    public long FencingToken => Deliveries;

    /// <summary>Enlists writes, and emits events, that commit together with the message's mark.</summary>
    public required IMessageTransaction Transaction { get; init; }
}
