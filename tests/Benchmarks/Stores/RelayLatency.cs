namespace Relaybox.Benchmarks.Stores;

/// <summary>From commit to publish through the product: the relay waits for rows as a sweep does.</summary>
internal sealed class RelayLatency(BenchOutbox outbox) : IWakeLoop
{
    public Task<double[]> MeasureAsync(int rows, int rate, CancellationToken cancellationToken) => LatencyProbe.MeasureAsync(
        outbox, rows, rate, (probe, ct) => outbox.KeepRelayingAsync(new ProbePublisher(probe), ct), cancellationToken);
}
