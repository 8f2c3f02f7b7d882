using Relaybox.Outbox;

namespace Relaybox.Operations;

/// <summary>Finds the parked rows of a selection.</summary>
/// <param name="outbox">The outbox.</param>
/// <param name="rows">What operators need of it.</param>
internal sealed class ParkedRows(IOutboxRepository outbox, IOutboxOperations rows)
{
    internal const int PageSize = 200;

    /// <summary>Reads the next parked rows that a selection means: one bounded page, which may have none of them and not be the last.</summary>
    /// <param name="selection">Which rows.</param>
    /// <param name="cursor">Where to go on; null: from the oldest.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The page with the selected rows alone, and how many parked rows were looked at.</returns>
    public async Task<(ParkedPage Page, int Seen)> ReadAsync(RowSelection selection, string? cursor, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(selection);
        if (selection.EventId is { } eventId)
        {
            // The page is read for the store's time.
            var now = (await rows.ReadParkedAsync(null, 1, cancellationToken)).Now;
            var named = await outbox.FindAsync(eventId, cancellationToken);
            return (new ParkedPage(named is { Status: OutboxStatus.Failed } && selection.Matches(named, now) ? [named] : [], null, now), 1);
        }

        var page = await rows.ReadParkedAsync(cursor, PageSize, cancellationToken);
        return (page with { Rows = [.. page.Rows.Where(row => selection.Matches(row, page.Now))] }, page.Rows.Count);
    }

    /// <summary>Looks at parked rows, and says what a selection means.</summary>
    /// <param name="selection">Which rows.</param>
    /// <param name="cancellationToken">Ends the look; what was seen by then is not told.</param>
    public async Task<RowPreview> PreviewAsync(RowSelection selection, CancellationToken cancellationToken)
    {
        var tally = new SelectionTally<OutboxRow>();
        DateTimeOffset? at = null;
        var seen = 0L;
        string? cursor = null;
        do
        {
            var (page, looked) = await ReadAsync(selection, cursor, cancellationToken);
            at ??= page.Now;
            seen += looked;
            foreach (var row in page.Rows.Where(row => !(row.FailedAt > at)))
            {
                tally.Add(row, row.FailedAt, row.ErrorCode);
            }

            cursor = page.Cursor;
        }
        while (cursor is not null);

        return new RowPreview(tally.Count, seen, tally.Oldest, tally.Newest, tally.Samples, tally.Errors, at.Value);
    }
}
