using Relaybox.Outbox;

namespace Relaybox.Operations;

/// <summary>Some rows of one status.</summary>
/// <param name="Rows">The rows, without payload and result: these are read for one row, when somebody asks for them.</param>
/// <param name="Cursor">Where the next page begins; null at the end.</param>
/// <param name="Now">The time of the clock that wrote when the rows were parked, sent or written.</param>
internal sealed record RowPage(IReadOnlyList<OutboxRow> Rows, string? Cursor, DateTimeOffset Now)
{
    /// <summary>When a row came to its status: when it was parked, sent, or written.</summary>
    internal static DateTimeOffset? TimeOf(OutboxRow row) => row.Status switch
    {
        OutboxStatus.Sent => row.SentAt,
        OutboxStatus.Pending => row.Event.EnqueuedAt,
        _ => row.FailedAt,
    };

    /// <summary>How many ordering keys parked rows of this page block.</summary>
    internal int CountBlockedKeys() => Rows.Where(row => row is { Event.OrderingKey: not null, SkippedAt: null })
        .Select(row => row.Event.OrderingKey).Distinct(StringComparer.Ordinal).Count();
}
