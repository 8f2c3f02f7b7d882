using Relaybox.Diagnostics;
using Relaybox.Timing;

namespace Relaybox.Outbox.Relay;

/// <summary>
/// Drains in the mode <see cref="RelayMode.Locked"/>: lock, publish, commit, and two batches at once, so that store and broker
/// both work. Where all of a batch went out, that is all. Otherwise its rows are let go as they were, and what became of each is
/// recorded as that of a row which nobody has claimed. The other batch locks nothing meanwhile; another process may, and then
/// publishes them once more.
/// </summary>
/// <param name="outbox">The store.</param>
/// <param name="relayLeased">Relays a batch by leases; null: there was none.</param>
/// <param name="publisher">Publishes what is locked.</param>
/// <param name="recorder">Records what became of it.</param>
/// <param name="options">How to work.</param>
internal sealed class LockedDrain(
    ILockingOutbox outbox,
    Func<WorkDeadline, CancellationToken, Task<RelayResult?>> relayLeased,
    BatchPublisher publisher,
    BatchRecorder recorder,
    RelayOptions options) : IDisposable
{
    private const int Lanes = 2;

    // Who locks has one place, who lets rows go and records them has all. What is waited for ends when the work is cancelled.
    private readonly SemaphoreSlim _places = new(Lanes);
    private readonly SemaphoreSlim _recording = new(1);

    internal async Task<RelayResult> DrainAsync(WorkDeadline deadline, CancellationToken cancellationToken)
    {
        var isUnavailable = false;

        // Whether there is anything is asked once; only then the other lanes begin.
        var isThereAny = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        var results = await Task.WhenAll(Enumerable.Range(0, Lanes).Select(lane => lane == 0 ? DrainFirstLaneAsync() : DrainOtherLaneAsync()));
        return results.Aggregate((a, b) => a.Add(b));

        async Task<RelayResult> DrainFirstLaneAsync()
        {
            try
            {
                return await DrainLaneAsync();
            }
            finally
            {
                isThereAny.TrySetResult(false);
            }
        }

        async Task<RelayResult> DrainOtherLaneAsync() => await isThereAny.Task ? await DrainLaneAsync() : new RelayResult();

        async Task<RelayResult> DrainLaneAsync()
        {
            var total = new RelayResult();
            var sizer = new BatchSizer(options);
            while (!isUnavailable
                && ClaimedBatch.HasTime(deadline, options)
                && await RelayBatchAsync(sizer, isThereAny, deadline, cancellationToken) is { } result)
            {
                total = total.Add(result);
                isUnavailable |= result.BrokerUnavailable;
            }

            return total;
        }
    }

    public void Dispose()
    {
        _places.Dispose();
        _recording.Dispose();
    }

    private async Task<RelayResult?> RelayBatchAsync(
        BatchSizer sizer, TaskCompletionSource<bool> isThereAny, WorkDeadline deadline, CancellationToken cancellationToken)
    {
        var lockedAt = deadline.Time.GetTimestamp();
        await using var rows = await LockAsync(sizer.Next(deadline, underWay: 0), cancellationToken);
        if (rows.Claims.Count == 0)
        {
            return null;
        }

        if (rows.Claims.Any(claim => claim.Unfinished > 0))
        {
            // Should one of them end this process, too, then only a lease says so.
            await rows.DisposeAsync();
            return await relayLeased(deadline, cancellationToken);
        }

        isThereAny.TrySetResult(true);
        sizer.Claimed(rows.Claims);
        var batch = await publisher.PublishAsync(new ClaimedBatch(rows.Claims, deadline, options, lockedAt), cancellationToken);
        sizer.Published(batch);
        return batch.Sent.Count == rows.Claims.Count && await CommitAsync(rows, cancellationToken)
            ? recorder.Recorded(batch)
            : await RecordEachAsync(rows, batch, cancellationToken);
    }

    private async Task<ILockedRows> LockAsync(ClaimLimit limit, CancellationToken cancellationToken)
    {
        await _places.WaitAsync(CancellationToken.None);
        try
        {
            using var step = Spans.Begin(Spans.Claim, limit.Rows);
            return await outbox.LockAsync(limit, options.Lease, cancellationToken);
        }
        finally
        {
            _places.Release();
        }
    }

    private async Task<RelayResult> RecordEachAsync(ILockedRows rows, BatchOutcomes batch, CancellationToken cancellationToken)
    {
        await _recording.WaitAsync(CancellationToken.None);
        var places = 0;
        try
        {
            for (; places < Lanes; places++)
            {
                await _places.WaitAsync(CancellationToken.None);
            }

            await rows.DisposeAsync();
            return await recorder.RecordAsync(batch, cancellationToken);
        }
        finally
        {
            if (places > 0)
            {
                _places.Release(places);
            }

            _recording.Release();
        }
    }

    private static async Task<bool> CommitAsync(ILockedRows rows, CancellationToken cancellationToken)
    {
        using var step = Spans.Begin(Spans.Record, rows.Claims.Count);
        return await rows.CommitAsync(cancellationToken);
    }
}
