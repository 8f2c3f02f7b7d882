using Relaybox.Benchmarks.Harness;
using Relaybox.Benchmarks.Stores;
using Relaybox.Outbox;

namespace Relaybox.Benchmarks.Groups;

/// <summary>How soon a row is with the broker once it is committed, where the store wakes the relay.</summary>
internal sealed class LatencyGroup(IBenchStore store) : StoreGroup(store)
{
    private const int Count = 500;
    private const int Rate = 100;
    private const int LongRun = 100_000;
    private const int LongRate = 1_000;

    // A poll, and what a machine takes that is at work.
    private static readonly Target LongestDelay = Target.AtMost(600);

    public override string Id => "latency";

    public override string Title => "from commit to publish by the store's wake-up, single rows, 1 KiB";

    protected override async Task MeasureAsync(BenchmarkRun run, IBenchServer server, CancellationToken cancellationToken)
    {
        var bare = await server.CreateBareWakeLoopAsync(cancellationToken);
        var relay = new RelayLatency(await server.CreateOutboxAsync("listening", AfterSending.Keep, isCounted: false, cancellationToken));
        var count = run.Options.Of(Count);
        await CompareAsync(Rate);
        if (Targets.HasRows)
        {
            await CompareAsync(50);
            await CompareAsync(LongRate);
            run.Say($"The longest delay of {run.Options.Of(LongRun)} rows ...");
            run.Count(
                $"relay, lease: the longest delay of {run.Options.Of(LongRun)} rows, {LongRate} a second",
                (await relay.MeasureAsync(run.Options.Of(LongRun), LongRate, cancellationToken)).Max(),
                "ms",
                LongestDelay);
        }

        run.Note(
            "A time begins when the app knows that its row is committed, and ends when the row is handed to the publisher. "
            + "The bare loop does no more than wait (LISTEN, a change stream, or asking as often as the product does), claim, hand over and mark.");

        Task CompareAsync(int rate) => run.CompareAsync(
            Compare(bare, relay, Math.Max(count, run.Options.Of(rate)), rate, Targets.Latency) with { Rows = Rows("18") }, cancellationToken);
    }

    /// <summary>The relay beside the bare loop at a rate.</summary>
    internal static Comparison Compare(IWakeLoop bare, IWakeLoop relay, int rows, int rate, Target target) => new(
        $"From commit to publish, {rate} a second",
        [Metric.Milliseconds("p50"), Metric.Milliseconds("p99")],
        [
            Arm.Latency("bare loop", ct => bare.MeasureAsync(rows, rate, ct)),
            Arm.Latency("relay, lease", ct => relay.MeasureAsync(rows, rate, ct), target),
        ]);
}
