using Relaybox.Events;
using Relaybox.Messaging.Formats;

namespace Relaybox.Messaging;

/// <summary>
/// What travels beside a message's body. Each transport carries it in its own way: SQS in message attributes, NATS in
/// headers. What is null does not travel.
/// </summary>
internal sealed record MessageAttributes
{
    /// <summary>A message that came with nothing but its body.</summary>
    public static MessageAttributes None { get; } = new();

    /// <summary>The body's format, one of <c>MessageFormats.Names</c>; null where the body has to tell.</summary>
    public string? Format { get; init; }

    /// <summary>The event id.</summary>
    public string? EventId { get; init; }

    /// <summary>The subject.</summary>
    public string? Subject { get; init; }

    /// <summary>The ordering key, where the format's body does not hold it.</summary>
    public string? OrderingKey { get; init; }

    /// <summary>When the app wrote the row, where the format's body does not hold it.</summary>
    public DateTimeOffset? EnqueuedAt { get; init; }

    /// <summary>When it was sent by the relay. A message that is moved back from the dead letters keeps it.</summary>
    public DateTimeOffset? PublishedAt { get; init; }

    /// <summary>The replay that has the event handled again.</summary>
    public string? ReplayId { get; init; }

    /// <summary>The operation's result as JSON, where the format's body does not hold it.</summary>
    public string? Result { get; init; }

    /// <summary>The event's headers, where the format's body does not hold them.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = OutboxEvent.EmptyHeaders;

    /// <summary>The attributes of a format whose body holds the whole event: for filters and people.</summary>
    internal static MessageAttributes Naming(OutboxEvent outboxEvent, string format) =>
        new()
        {
            Format = format,
            EventId = outboxEvent.EventId,
            Subject = outboxEvent.Subject,
            ReplayId = outboxEvent.ReplayId is { Length: > 0 } replay ? replay : null,
        };
}
