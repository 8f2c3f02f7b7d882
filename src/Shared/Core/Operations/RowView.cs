using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Outbox;

namespace Relaybox.Operations;

/// <summary>A row of the outbox as an operator sees it.</summary>
internal sealed record RowView
{
    /// <summary>The event's id.</summary>
    public required string EventId { get; init; }

    /// <summary>What happened.</summary>
    public required string Subject { get; init; }

    /// <summary>Where the row is on its way: pending, publishing, sent or failed (parked), or unknown.</summary>
    public required string Status { get; init; }

    /// <summary>The ordering key.</summary>
    public string? OrderingKey { get; init; }

    /// <summary>How many attempts to publish have failed.</summary>
    public int Attempts { get; init; }

    /// <summary>When the app wrote it.</summary>
    public DateTimeOffset? EnqueuedAt { get; init; }

    /// <summary>When it is due, or when the lease of its claim ends.</summary>
    public DateTimeOffset? DueAt { get; init; }

    /// <summary>When it was sent.</summary>
    public DateTimeOffset? SentAt { get; init; }

    /// <summary>When it was parked.</summary>
    public DateTimeOffset? FailedAt { get; init; }

    /// <summary>When the later rows of its key were let go on without it.</summary>
    public DateTimeOffset? SkippedAt { get; init; }

    /// <summary>When it was put out of sight.</summary>
    public DateTimeOffset? ShelvedAt { get; init; }

    /// <summary>The last error's code.</summary>
    public string? ErrorCode { get; init; }

    /// <summary>The last error's text.</summary>
    public string? ErrorMessage { get; init; }

    /// <summary>The names of its headers.</summary>
    public IReadOnlyList<string> HeaderNames { get; init; } = [];

    /// <summary>Its headers, where they were asked for.</summary>
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    /// <summary>Its payload, where it was asked for.</summary>
    public string? Payload { get; init; }

    /// <summary>Where its payload is (<c>s3://bucket/key</c>), where it was asked for and the row has a reference; null: in the row.</summary>
    public string? PayloadAt { get; init; }

    /// <summary>What is shown of a row.</summary>
    /// <param name="row">The row.</param>
    /// <param name="withPayload">Whether its payload and the values of its headers are shown.</param>
    internal static RowView Of(OutboxRow row, bool withPayload = false) => new()
    {
        EventId = row.Event.EventId,
        Subject = row.Event.Subject,
        Status = row.Status.ToString().ToLowerInvariant(),
        OrderingKey = row.Event.OrderingKey,
        Attempts = row.Attempts,
        EnqueuedAt = row.Event.EnqueuedAt,
        DueAt = row.Status is OutboxStatus.Pending or OutboxStatus.Publishing ? row.DueAt : null,
        SentAt = row.SentAt,
        FailedAt = row.FailedAt,
        SkippedAt = row.SkippedAt,
        ShelvedAt = row.ShelvedAt,
        ErrorCode = row.ErrorCode,
        ErrorMessage = row.ErrorMessage,
        HeaderNames = [.. row.Event.Headers.Keys.Order(StringComparer.Ordinal)],
        Headers = withPayload ? row.Event.Headers : null,
        Payload = withPayload ? row.Event.Payload : null,
        PayloadAt = withPayload ? PlaceOf(row.Event) : null,
    };

    private static string? PlaceOf(OutboxEvent outboxEvent)
    {
        try
        {
            return PayloadReference.IsIn(outboxEvent) && PayloadReference.Read(outboxEvent) is { } at ? $"s3://{at.Bucket}/{at.Key}" : null;
        }
        catch (MessageFormatException)
        {
            return null;
        }
    }
}
