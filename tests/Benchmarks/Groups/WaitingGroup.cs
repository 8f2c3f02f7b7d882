using Relaybox.Benchmarks.Harness;
using Relaybox.Benchmarks.Stores;
using Relaybox.Outbox;

namespace Relaybox.Benchmarks.Groups;

/// <summary>Whether a relay minds how many rows with ordering keys wait for their time, or behind one of their key.</summary>
internal sealed class WaitingGroup(IBenchStore store) : StoreGroup(store)
{
    private const int Waiting = 1_000_000;
    private const int Behind = 50_000;
    private const int Keys = 200;
    private const int PlainRows = 500;
    private const int PlainRate = 100;

    private static readonly TimeSpan Tomorrow = TimeSpan.FromDays(1);

    public override string Id => "waiting";

    public override string Title => "relay by lease with 1,000,000 ordering keys that wait, and 50,000 rows behind one row, 1 KiB";

    public override bool IsDefault => false;

    protected override async Task MeasureAsync(BenchmarkRun run, IBenchServer server, CancellationToken cancellationToken)
    {
        var alone = await CreateAsync("alone");
        var behind = await CreateAsync("behind");
        await behind.AddKeyedAsync(1, 1, "behind", Tomorrow, cancellationToken);
        await behind.AddKeyedAsync(run.Options.Of(Behind), 1, "behind", TimeSpan.Zero, cancellationToken);
        run.Say("Filling the large table ...");
        var waiting = await CreateAsync("waiting");
        await waiting.AddKeyedAsync(run.Options.Of(Waiting), run.Options.Of(Waiting), "waiting", Tomorrow, cancellationToken);

        (string Name, BenchOutbox Outbox)[] all =
        [
            ("nothing waits", alone), ($"{run.Options.Of(Waiting):N0} keys wait", waiting), ($"{run.Options.Of(Behind):N0} rows behind one", behind),
        ];
        await run.CompareAsync(
            new Comparison(
                $"Due rows of {Keys} keys",
                [Metric.Rate("rows")],
                [.. all.Select((it, i) => DrainArm(it.Name, it.Outbox, i == 0 ? null : Target.AtLeast(0.9)))])
            { Rows = Rows("19") },
            cancellationToken);
        await run.CompareAsync(
            new Comparison(
                $"From commit to publish, without a key, {PlainRate} a second",
                [Metric.Milliseconds("p50"), Metric.Milliseconds("p99")],
                [.. all.Select((it, i) => LatencyArm(it.Name, it.Outbox, i == 0 ? null : Target.AtMost(1 / 0.9)))])
            { Rows = Rows("19") },
            cancellationToken);

        Task<BenchOutbox> CreateAsync(string name) => server.CreateOutboxAsync(name, AfterSending.Delete, isCounted: false, cancellationToken);

        Arm LatencyArm(string name, BenchOutbox outbox, Target? target) => Arm.Latency(
            name, ct => new RelayLatency(outbox, isEmptied: false).MeasureAsync(run.Options.Of(PlainRows), PlainRate, ct), target);
    }

    private static Arm DrainArm(string name, BenchOutbox outbox, Target? target)
    {
        var relay = outbox.Relay(new NoOpPublisher());
        return Arm.Throughput(
            name,
            2_000,
            (rows, ct) => outbox.DrainAsync(relay, rows, ct),
            (rows, ct) => outbox.AddKeyedAsync(rows, Keys, "due", TimeSpan.Zero, ct),
            target);
    }
}
