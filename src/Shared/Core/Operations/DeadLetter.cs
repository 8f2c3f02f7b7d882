using Relaybox.Events;

namespace Relaybox.Operations;

/// <summary>A message that the consumer gave up on, as the broker keeps it.</summary>
/// <param name="Id">The broker's id of the dead letter: a message id, or a place in a stream.</param>
internal sealed record DeadLetter(string Id)
{
    /// <summary>The event, as the consumer would read it; null where the message cannot be read as one.</summary>
    public OutboxEvent? Event { get; init; }

    /// <summary>The event's id, as far as the message says it.</summary>
    public string? EventId { get; init; }

    /// <summary>The event's subject, as far as the message says it.</summary>
    public string? Subject { get; init; }

    /// <summary>One of <see cref="ErrorCodes"/>; null where the broker itself moved the message.</summary>
    public string? ErrorCode { get; init; }

    /// <summary>Why, in words.</summary>
    public string? ErrorMessage { get; init; }

    /// <summary>When it became a dead letter, as far as the broker says, by its clock.</summary>
    public DateTimeOffset? DeadAt { get; init; }

    /// <summary>How often it was received among the dead letters, looks included; null where the broker does not count.</summary>
    public int? Receives { get; init; }

    /// <summary>The bytes of its body.</summary>
    public required long Bytes { get; init; }

    /// <summary>The names of the event's headers, or of the message's where it is no event.</summary>
    public IReadOnlyCollection<string> HeaderNames { get; init; } = [];
}
