using Relaybox.Outbox;

namespace Relaybox.Operations;

/// <summary>Looks at what becomes of redriven rows: what fails again need not be sent by the thousand.</summary>
/// <param name="outbox">The outbox.</param>
/// <param name="time">The clock of the waits.</param>
internal sealed class RedriveWatch(IOutboxRepository outbox, TimeProvider time)
{
    private const int RowsLookedAt = 10;

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private TimeSpan _patience = Longest;

    /// <summary>Waits a while for the relay to send some of the rows of a step.</summary>
    /// <param name="eventIds">The rows that the step has redriven.</param>
    /// <param name="confirmedAt">The time of the operation: a row that is parked again was parked later.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Why to stop: most of those that came to an end failed again. Null: go on.</returns>
    internal async Task<string?> WhyToStopAsync(
        IReadOnlyCollection<string> eventIds, DateTimeOffset confirmedAt, CancellationToken cancellationToken)
    {
        var open = eventIds.Take(RowsLookedAt).ToList();
        var begun = time.GetTimestamp();
        var sent = 0;
        var failed = new List<OutboxRow>();
        while (open.Count > 0)
        {
            foreach (var eventId in open.ToList())
            {
                var row = await outbox.FindAsync(eventId, cancellationToken);
                if (row is { Status: OutboxStatus.Failed } && row.FailedAt > confirmedAt)
                {
                    failed.Add(row);
                    open.Remove(eventId);
                }
                else if (row is null or { Status: OutboxStatus.Sent })
                {
                    sent++;
                    open.Remove(eventId);
                }
            }

            if (open.Count == 0)
            {
                break;
            }

            if (time.GetElapsedTime(begun) > _patience)
            {
                // Where no relay runs, there is nothing to wait for: what comes later is looked at in passing.
                _patience = failed.Count + sent == 0 ? TimeSpan.Zero : _patience;
                break;
            }

            await Task.Delay(Pause, time, cancellationToken);
        }

        return failed.Count > sent
            ? $"{failed.Count} of {failed.Count + sent} rows that were looked at failed again, the first with {failed[0].ErrorCode}."
            : null;
    }
}
