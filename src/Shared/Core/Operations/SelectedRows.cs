using Relaybox.Outbox;
using Relaybox.Timing;

namespace Relaybox.Operations;

/// <summary>Finds the parked, pending or sent rows of a selection.</summary>
/// <param name="outbox">The outbox.</param>
/// <param name="rows">What operators need of it.</param>
internal sealed class SelectedRows(IOutboxRepository outbox, IOutboxOperations rows)
{
    internal const int PageSize = 200;

    private static readonly TimeSpan MinimumPageTime = TimeSpan.FromSeconds(1);

    /// <summary>Reads the next rows that a selection means: one bounded page, which may have none of them and not be the last.</summary>
    /// <param name="selection">Which rows.</param>
    /// <param name="at">The time from which ages are measured; null: the store's time.</param>
    /// <param name="cursor">Where to go on; null: from the oldest.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The page with the selected rows alone, and how many rows were looked at.</returns>
    public async Task<(RowPage Page, int Seen)> ReadAsync(
        RowSelection selection, DateTimeOffset? at, string? cursor, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(selection);
        var status = selection.Of switch
        {
            OperationTarget.SentRows => OutboxStatus.Sent,
            OperationTarget.PendingRows => OutboxStatus.Pending,
            _ => OutboxStatus.Failed,
        };
        if (at is null && (selection.EventId is not null || selection.NewerThan is not null || status == OutboxStatus.Pending))
        {
            at = await ReadTimeAsync(cancellationToken);
        }

        if (selection.EventId is { } eventId)
        {
            var named = await outbox.FindAsync(eventId, cancellationToken);
            var isMeant = named is not null && named.Status == status && selection.Matches(named, at!.Value);
            return (new RowPage(isMeant ? [named!] : [], null, at!.Value), 1);
        }

        // One page only: the relay keeps taking the first rows, so that later ones move into it.
        var page = status == OutboxStatus.Pending
            ? new RowPage(await outbox.FindPendingAsync(PageSize, cancellationToken), null, at!.Value)
            : await rows.ReadAsync(status, at - selection.NewerThan, cursor, PageSize, cancellationToken);
        return (page with { Rows = [.. page.Rows.Where(row => selection.Matches(row, at ?? page.Now))] }, page.Rows.Count);
    }

    /// <summary>Looks at rows until the deadline, and says what a selection means.</summary>
    /// <param name="selection">Which rows.</param>
    /// <param name="deadline">When to have answered.</param>
    /// <param name="cancellationToken">Ends the look; what was seen by then is not told.</param>
    public async Task<RowPreview> PreviewAsync(RowSelection selection, WorkDeadline deadline, CancellationToken cancellationToken)
    {
        var tally = new SelectionTally<OutboxRow>();
        DateTimeOffset? at = null;
        var seen = 0L;
        string? cursor = null;
        do
        {
            var (page, looked) = await ReadAsync(selection, at, cursor, cancellationToken);
            at ??= page.Now;
            seen += looked;
            foreach (var row in page.Rows.Where(row => !(RowPage.TimeOf(row) > at)))
            {
                tally.Add(row, RowPage.TimeOf(row), row.ErrorCode);
            }

            cursor = page.Cursor;
        }
        while (cursor is not null && deadline.HasTimeFor(MinimumPageTime));

        return new RowPreview(tally.Count, seen, cursor is null, tally.Oldest, tally.Newest, tally.Samples, tally.Errors, at.Value);
    }

    // A page is read for it.
    private async Task<DateTimeOffset> ReadTimeAsync(CancellationToken cancellationToken) =>
        (await rows.ReadAsync(OutboxStatus.Failed, null, null, 1, cancellationToken)).Now;
}
