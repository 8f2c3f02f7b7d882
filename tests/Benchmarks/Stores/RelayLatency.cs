namespace Relaybox.Benchmarks.Stores;

/// <summary>From commit to publish through the product: the relay waits for rows as a sweep does.</summary>
/// <param name="outbox">The outbox.</param>
/// <param name="isEmptied">Whether the outbox is emptied before each round.</param>
internal sealed class RelayLatency(BenchOutbox outbox, bool isEmptied = true) : IWakeLoop
{
    public Task<double[]> MeasureAsync(int rows, int rate, CancellationToken cancellationToken) => LatencyProbe.MeasureAsync(
        outbox, rows, rate, (probe, ct) => outbox.KeepRelayingAsync(new ProbePublisher(probe), ct), cancellationToken, isEmptied);
}
