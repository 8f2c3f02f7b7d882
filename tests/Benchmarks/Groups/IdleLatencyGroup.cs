using Relaybox.Benchmarks.Harness;
using Relaybox.Benchmarks.Stores;
using Relaybox.Outbox;

namespace Relaybox.Benchmarks.Groups;

/// <summary>How soon a row is with the broker where the one before came a second ago.</summary>
internal sealed class IdleLatencyGroup(IBenchStore store) : StoreGroup(store)
{
    private const int Count = 20;

    public override string Id => "idle";

    public override string Title => "from commit to publish by the store's wake-up, one row a second, 1 KiB";

    // A round of an arm takes twenty seconds.
    public override bool IsDefault => false;

    protected override async Task MeasureAsync(BenchmarkRun run, IBenchServer server, CancellationToken cancellationToken)
    {
        var bare = await server.CreateBareWakeLoopAsync(cancellationToken);
        var relay = new RelayLatency(await server.CreateOutboxAsync("listening", AfterSending.Keep, isCounted: false, cancellationToken));
        await run.CompareAsync(
            LatencyGroup.Compare(bare, relay, run.Options.Of(Count), rate: 1, Targets.Latency) with { Rows = Rows("18") }, cancellationToken);
        run.Note("The 99th percentile of so few rows is the slowest of a round.");
    }
}
