using Relaybox.Events;
using Relaybox.Outbox;

namespace Relaybox.Operations;

/// <summary>What a selection looks at, of a row or a dead letter.</summary>
internal readonly record struct Selectable
{
    public string? EventId { get; private init; }

    public string? Subject { get; private init; }

    public string? ErrorCode { get; private init; }

    public string? ErrorMessage { get; private init; }

    public string? OrderingKey { get; private init; }

    public IReadOnlyDictionary<string, string> Headers { get; private init; }

    /// <summary>When it was parked, sent or written, or died.</summary>
    public DateTimeOffset? At { get; private init; }

    public bool IsShelved { get; private init; }

    public bool IsSkipped { get; private init; }

    internal static Selectable Of(OutboxRow row) => new()
    {
        EventId = row.Event.EventId,
        Subject = row.Event.Subject,
        ErrorCode = row.ErrorCode,
        ErrorMessage = row.ErrorMessage,
        OrderingKey = row.Event.OrderingKey,
        Headers = row.Event.Headers,
        At = RowPage.TimeOf(row),
        IsShelved = row.ShelvedAt is not null,
        IsSkipped = row.SkippedAt is not null,
    };

    internal static Selectable Of(DeadLetter letter) => new()
    {
        EventId = letter.EventId,
        Subject = letter.Subject,
        ErrorCode = letter.ErrorCode,
        ErrorMessage = letter.ErrorMessage,
        OrderingKey = letter.Event?.OrderingKey,
        Headers = letter.Event?.Headers ?? OutboxEvent.EmptyHeaders,
        At = letter.DeadAt,
    };
}
