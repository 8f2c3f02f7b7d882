using Relaybox.Benchmarks.Harness;
using Relaybox.Benchmarks.Stores;
using Relaybox.Outbox;
using Relaybox.Outbox.Relay;

namespace Relaybox.Benchmarks.Groups;

/// <summary>What the relay makes of a store, with a broker that takes no time.</summary>
internal sealed class RelayGroup(IBenchStore store) : StoreGroup(store)
{
    private const int CountedRows = 20_000;
    private const string Bare = "bare claim and mark";

    public override string Id => "relay";

    public override string Title => "relay, 1 worker, durable commits, no-op publish, 1 KiB";

    protected override async Task MeasureAsync(BenchmarkRun run, IBenchServer server, CancellationToken cancellationToken)
    {
        var naive = await server.CreateNaiveLoopAsync(cancellationToken);
        var bare = await server.CreateBareLoopAsync(cancellationToken);
        var outboxes = new Dictionary<AfterSending, BenchOutbox>();
        foreach (var afterSending in Targets.Relay.Select(way => way.AfterSending).Distinct())
        {
            outboxes[afterSending] = await server.CreateOutboxAsync(NameOf(afterSending), afterSending, isCounted: false, cancellationToken);
        }

        await run.CompareAsync(
            new Comparison("Rows relayed", [Metric.Rate("rows")], [
                Arm.Throughput("naive", 1_500, naive.DrainAsync, naive.FillAsync),
                Arm.Throughput(Bare, 2_000, bare.DrainAsync, bare.FillAsync),
                .. Targets.Relay.Select(way => ArmOf(way, outboxes[way.AfterSending])),
            ])
            { Rows = Rows("1–4") },
            cancellationToken);

        foreach (var way in Targets.Relay)
        {
            await CountAsync(run, server, way, cancellationToken);
        }

        await CountBatchAsync(run, server, cancellationToken);
    }

    private static Arm ArmOf(RelayWay way, BenchOutbox outbox)
    {
        var relay = outbox.Relay(new NoOpPublisher(), OptionsOf(way));
        return Arm.Throughput(way.Name, 2_000, (rows, ct) => outbox.DrainAsync(relay, rows, ct), outbox.FillAsync, way.OfNaiveLoop) with
        {
            Also = way.IsBare ? [(Bare, StoreTargets.OfBareLoop)] : [],
        };
    }

    private async Task CountAsync(BenchmarkRun run, IBenchServer server, RelayWay way, CancellationToken cancellationToken)
    {
        var outbox = await server.CreateOutboxAsync(
            $"counted_{way.Mode}_{way.AfterSending}".ToLowerInvariant(), way.AfterSending, isCounted: true, cancellationToken);
        await outbox.FillAsync(CountedRows, cancellationToken);
        var relay = outbox.Relay(new NoOpPublisher(), OptionsOf(way));
        foreach (var cost in await server.CostOfAsync(() => outbox.DrainAsync(relay, CountedRows, cancellationToken), cancellationToken))
        {
            var (target, row) = way.Costs.GetValueOrDefault(cost.Name);
            if (cost.IsOfRows)
            {
                run.Count($"{way.Name}: {cost.Name} per row", cost.Total / CountedRows, cost.Unit, target, row ?? "");
            }
            else
            {
                run.Count($"{way.Name}: {cost.Name} per 1,000 rows", cost.Total * 1000 / CountedRows, cost.Unit, target, row ?? "");
            }
        }
    }

    // A drain also finds out that nothing is left, and looks for claims that have ended.
    private async Task CountBatchAsync(BenchmarkRun run, IBenchServer server, CancellationToken cancellationToken)
    {
        var rows = new RelayOptions().BatchSize;
        var outbox = await server.CreateOutboxAsync("counted_batch", AfterSending.Keep, isCounted: true, cancellationToken);
        await outbox.FillAsync(rows, cancellationToken);
        foreach (var cost in await server.CostOfAsync(() => outbox.RelayBatchAsync(rows, cancellationToken), cancellationToken))
        {
            run.Count(
                $"lease, keep: {cost.Name} of one batch of {rows} rows", cost.Total, cost.Unit, Targets.RelayBatch.GetValueOrDefault(cost.Name));
        }
    }

    private static RelayOptions OptionsOf(RelayWay way) => new() { Mode = way.Mode, BeginsWithLeases = false };

    private static string NameOf(AfterSending afterSending) => afterSending == AfterSending.Keep ? "keep" : "del";
}
