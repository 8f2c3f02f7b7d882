using Relaybox.Timing;

namespace Relaybox.Benchmarks.Stores;

/// <summary>From commit to publish through the product: the relay waits for rows as a sweep does.</summary>
internal sealed class RelayLatency(BenchOutbox outbox) : IWakeLoop
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(10);

    public Task<double[]> MeasureAsync(int rows, int rate, CancellationToken cancellationToken) =>
        LatencyProbe.MeasureAsync(outbox, rows, rate, RelayAsync, cancellationToken);

    private async Task RelayAsync(LatencyProbe probe, CancellationToken cancellationToken)
    {
        var relay = outbox.Relay(new ProbePublisher(probe));
        var deadline = WorkDeadline.After(Long, TimeProvider.System);
        await using var signal = outbox.Signal();
        while (true)
        {
            if ((await relay.DrainAsync(deadline, cancellationToken)).Sent > 0)
            {
                signal.FoundRows();
            }

            await signal.WaitAsync(Long, cancellationToken);
        }
    }
}
