using Relaybox.Diagnostics;

namespace Relaybox.Outbox;

/// <summary>
/// Drains in the mode <see cref="RelayMode.Locked"/>: lock, publish, commit, and two batches at once, so that store and broker
/// both work. Where all of a batch went out, that is all. Otherwise its rows are let go as they were, and what became of each is
/// recorded as that of a row which nobody has claimed.
/// </summary>
internal sealed class LockedDrain(ILockingOutbox outbox, BatchPublisher publisher, BatchRecorder recorder, RelayOptions options)
{
    private const int Lanes = 2;

    internal async Task<RelayResult> DrainAsync(WorkDeadline deadline, CancellationToken cancellationToken)
    {
        var isUnavailable = false;
        var results = await Task.WhenAll(Enumerable.Range(0, Lanes).Select(_ => DrainLaneAsync()));
        return results.Aggregate((a, b) => a.Add(b));

        async Task<RelayResult> DrainLaneAsync()
        {
            var total = new RelayResult();
            while (!isUnavailable && deadline.HasTimeFor(options.MinimumBatchTime) && deadline.Remaining > options.RecordMargin
                && await RelayBatchAsync(deadline, cancellationToken) is { } result)
            {
                total = total.Add(result);
                isUnavailable |= result.BrokerUnavailable;
            }

            return total;
        }
    }

    private async Task<RelayResult?> RelayBatchAsync(WorkDeadline deadline, CancellationToken cancellationToken)
    {
        RelayBatch batch;
        var lockedAt = deadline.Time.GetTimestamp();
        await using (var rows = await LockAsync(cancellationToken))
        {
            if (rows.Claims.Count == 0)
            {
                return null;
            }

            batch = await publisher.PublishAsync(new ClaimedBatch(rows.Claims, deadline, options, lockedAt), cancellationToken);
            if (batch.Sent.Count == rows.Claims.Count && await CommitAsync(rows, cancellationToken))
            {
                return new RelayResult { Sent = batch.Sent.Count };
            }
        }

        return await recorder.RecordAsync(batch, cancellationToken);
    }

    private async Task<ILockedRows> LockAsync(CancellationToken cancellationToken)
    {
        using var step = Spans.Begin(Spans.Claim, options.BatchSize);
        return await outbox.LockAsync(options.BatchSize, options.Lease, cancellationToken);
    }

    private static async Task<bool> CommitAsync(ILockedRows rows, CancellationToken cancellationToken)
    {
        using var step = Spans.Begin(Spans.Record, rows.Claims.Count);
        return await rows.CommitAsync(cancellationToken);
    }
}
