using System.Globalization;
using Relaybox.Operations;
using Relaybox.Outbox;

namespace Relaybox.Simulation.Model;

// What operators do with rows.
internal sealed partial class OutboxTable
{
    /// <summary>Reads rows of a status, in the order in which they came to it.</summary>
    internal RowPage Page(OutboxStatus status, DateTimeOffset? since, string? cursor, int limit, DateTimeOffset now)
    {
        var after = cursor?.Split('/');
        var (from, rowId) = after is null ? (since ?? DateTimeOffset.MinValue, 0L) : (At(after[0]), Number(after[1]));
        List<(OutboxRow Row, long RowId)> page =
        [
            .. Rows.Where(row => row.Parsed == status).Select(row => (Row: row.ToRow(), row.RowId))
                .Where(row => RowPage.TimeOf(row.Row) is { } at && (at > from || (at == from && row.RowId > rowId)))
                .OrderBy(row => RowPage.TimeOf(row.Row)).ThenBy(row => row.RowId).Take(limit),
        ];
        return new RowPage(
            [.. page.Select(row => row.Row with { Event = row.Row.Event with { Payload = "", Result = null } })],
            page.Count == limit
                ? string.Create(CultureInfo.InvariantCulture, $"{RowPage.TimeOf(page[^1].Row)!.Value.UtcTicks}/{page[^1].RowId}")
                : null,
            now);
    }

    /// <summary>Changes a parked row, if it is still in its version.</summary>
    internal bool Act(RowAction action, RowVersion version, DateTimeOffset now)
    {
        if (!version.Allows(action) || Find(version.EventId) is not { Parsed: OutboxStatus.Failed or OutboxStatus.Unknown } row
            || row.FailedAt != version.FailedAt || row.ShelvedAt != version.ShelvedAt)
        {
            return false;
        }

        switch (action)
        {
            case RowAction.Skip when row is { OrderingKey: not null, SkippedAt: null }:
                watcher?.Acting(row, action);
                row.SkippedAt = now;
                return true;
            case not RowAction.Skip when row.Parsed == OutboxStatus.Unknown:
                return false;
            case RowAction.Redrive:
                watcher?.Acting(row, action);
                row.Status = OutboxStatusText.Pending;
                row.Attempts = row.Unfinished = 0;
                row.DueAt = now;
                row.FailedAt = row.SkippedAt = row.ShelvedAt = null;
                row.ReleasedToken = null;
                return true;
            case RowAction.Shelve or RowAction.Unshelve:
                watcher?.Acting(row, action);
                row.ShelvedAt = action == RowAction.Shelve ? now : null;
                return true;
            case RowAction.Purge when row.OrderingKey is null || row.SkippedAt is not null:
                watcher?.Acting(row, action);
                return Remove(row.EventId);
            default:
                return false;
        }
    }

    /// <summary>The first earlier row of its key that a row has to wait for.</summary>
    internal string? FindBlocker(OutboxRow waiting) =>
        Find(waiting.Event.EventId) is { } row ? BlockersOf(row).MinBy(blocker => blocker.Place)?.EventId : null;

    private static DateTimeOffset At(string ticks) => new(Number(ticks), TimeSpan.Zero);

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
