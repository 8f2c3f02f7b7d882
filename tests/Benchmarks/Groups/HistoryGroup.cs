using System.Diagnostics;
using Relaybox.Benchmarks.Harness;
using Relaybox.Benchmarks.Stores;

namespace Relaybox.Benchmarks.Groups;

/// <summary>Whether a relay minds how many rows were sent before.</summary>
internal sealed class HistoryGroup(IBenchStore store) : StoreGroup(store)
{
    private const int Few = 10_000;
    private const int Many = 1_000_000;
    private const int Polls = 500;

    public override string Id => "history";

    public override string Title => "relay by lease with 1,000,000 sent rows in the table, against 10,000, 1 KiB";

    public override bool IsDefault => false;

    protected override async Task MeasureAsync(BenchmarkRun run, IBenchServer server, CancellationToken cancellationToken)
    {
        var few = await server.CreateHistoryAsync("few", run.Options.Of(Few), cancellationToken);
        run.Say("Filling the large table ...");
        var many = await server.CreateHistoryAsync("many", run.Options.Of(Many), cancellationToken);
        await run.CompareAsync(
            new Comparison("Rows relayed", [Metric.Rate("rows")], [
                DrainArm("10,000 sent rows", few),
                DrainArm("1,000,000 sent rows", many, Target.AtLeast(0.95)),
            ])
            { Rows = Rows("8") },
            cancellationToken);
        await run.CompareAsync(
            new Comparison("Empty polls", [Metric.Milliseconds("p50")], [
                PollArm("10,000 sent rows", few),
                PollArm("1,000,000 sent rows", many, Target.AtMost(1.1)),
            ])
            { Rows = Rows("8") },
            cancellationToken);
        if (await many.CountScansAsync(cancellationToken) is { } scans)
        {
            run.Count("scans of the whole table with 1,000,000 sent rows, all rounds", scans, "", Target.Exactly(0), Rows("8"));
        }
    }

    private static Arm DrainArm(string name, ISentHistory history, Target? target = null)
    {
        var relay = history.Outbox.Relay(new NoOpPublisher());
        return Arm.Throughput(name, 2_000, (rows, ct) => history.Outbox.DrainAsync(relay, rows, ct), history.AddAsync, target);
    }

    private static Arm PollArm(string name, ISentHistory history, Target? target = null)
    {
        var relay = history.Outbox.Relay(new NoOpPublisher());
        return Arm.Latency(
            name,
            async ct =>
            {
                await history.AddAsync(0, ct);
                var times = new double[Polls];
                for (var i = 0; i < Polls; i++)
                {
                    var start = Stopwatch.GetTimestamp();
                    await history.Outbox.DrainAsync(relay, 0, ct);
                    times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
                }

                return times;
            },
            target);
    }
}
