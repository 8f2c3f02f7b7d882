using Relaybox.Events;

namespace Relaybox.Inbox;

/// <summary>What a consumer remembers of an event.</summary>
/// <param name="Key">The record's key.</param>
/// <param name="Status">What the consumer has done with it.</param>
/// <param name="Deliveries">How many attempts have begun.</param>
internal sealed record InboxRecord(InboxKey Key, InboxStatus Status, int Deliveries)
{
    /// <summary>The error message of a claim whose lease ended.</summary>
    internal const string LeaseExpired = "The claim's lease ended without an outcome.";

    /// <summary>The consumer.</summary>
    public string Consumer => Key.Consumer;

    /// <summary>The event.</summary>
    public string EventId => Key.EventId;

    /// <summary>How many attempts began and have not said how they ended; the one under way is among them.</summary>
    public int Unfinished { get; init; }

    /// <summary>The event's subject.</summary>
    public string? Subject { get; init; }

    /// <summary>When it was claimed first.</summary>
    public DateTimeOffset? ReceivedAt { get; init; }

    /// <summary>When it was processed.</summary>
    public DateTimeOffset? ProcessedAt { get; init; }

    /// <summary>When the last attempt failed.</summary>
    public DateTimeOffset? FailedAt { get; init; }

    /// <summary>When the claim's lease ends, while it is claimed.</summary>
    public DateTimeOffset? LeaseUntil { get; init; }

    /// <summary>The stream that it came by, where the broker has streams.</summary>
    public string? Stream { get; init; }

    /// <summary>Its place in the stream.</summary>
    public long? StreamSequence { get; init; }

    /// <summary>The last error's code, one of <see cref="ErrorCodes"/>.</summary>
    public string? ErrorCode { get; init; }

    /// <summary>The last error's text, bounded, without payload.</summary>
    public string? ErrorMessage { get; init; }

    /// <summary>The events that its handler has emitted; null if it is not processed, or has emitted none.</summary>
    public EmittedEvents? Emitted { get; init; }
}
