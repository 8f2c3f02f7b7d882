using Relaybox.Benchmarks.Harness;
using Relaybox.Benchmarks.Postgres;
using Relaybox.Outbox;
using Relaybox.Outbox.Relay;
using Relaybox.Postgres;

namespace Relaybox.Benchmarks.Groups;

/// <summary>What the relay makes of PostgreSQL, with a broker that takes no time.</summary>
internal sealed class RelayGroup : IBenchmarkGroup
{
    private const int CountedRows = 20_000;
    private const string Bare = "bare claim and mark";

    public string Id => "relay";

    public string Title => "PostgreSQL relay, 1 worker, durable commits, no-op publish, 1 KiB";

    public async Task RunAsync(BenchmarkRun run, CancellationToken cancellationToken)
    {
        await using var database = await BenchDatabase.StartAsync(cancellationToken);
        var naive = new NaiveOutbox(database, "naive");
        await naive.CreateAsync(cancellationToken);
        var keep = await OutboxSchema.CreateAsync(database, "keep", AfterSending.Keep, cancellationToken);
        var delete = await OutboxSchema.CreateAsync(database, "del", AfterSending.Delete, cancellationToken);
        var bare = await OutboxSchema.CreateAsync(database, "bare", AfterSending.Keep, cancellationToken);
        var bareLoop = new BareLoop(database, bare.Table, new RelayOptions().BatchSize);
        await run.CompareAsync(
            new Comparison("Rows relayed", [Metric.Rate("rows")], [
                Arm.Throughput("naive", 1_500, naive.DrainAsync, naive.FillAsync),
                Arm.Throughput(Bare, 15_000, bareLoop.DrainAsync, bare.FillAsync),
                ArmOf("lease, keep", keep, Target.AtLeast(16)) with { Also = [(Bare, Target.AtLeast(0.9))] },
                ArmOf("lease, delete", delete, Target.AtLeast(24)),
                ArmOf("locked, keep", keep, Target.AtLeast(37), mode: RelayMode.Locked),
                ArmOf("locked, delete", delete, Target.AtLeast(60), mode: RelayMode.Locked),
            ])
            { Rows = "1–4" },
            cancellationToken);

        await CountAsync(run, database, keep, "lease, keep", 4096, RelayMode.Lease, cancellationToken);
        await CountAsync(run, database, delete, "lease, delete", 2765, RelayMode.Lease, cancellationToken);
        await CountAsync(run, database, keep, "locked, keep", 4096, RelayMode.Locked, cancellationToken);
        await CountAsync(run, database, delete, "locked, delete", 2765, RelayMode.Locked, cancellationToken);
    }

    private static Arm ArmOf(string name, OutboxSchema schema, Target target, RelayMode mode = RelayMode.Lease)
    {
        var relay = schema.Relay(new NoOpPublisher(), new RelayOptions { Mode = mode, BeginsWithLeases = false });
        return Arm.Throughput(name, 20_000, (rows, ct) => schema.DrainAsync(relay, rows, ct), schema.FillAsync, target);
    }

    private static async Task CountAsync(
        BenchmarkRun run, BenchDatabase database, OutboxSchema schema, string name,
        double mostWal, RelayMode mode, CancellationToken cancellationToken)
    {
        await schema.FillAsync(CountedRows, cancellationToken);
        var relay = schema.Relay(new NoOpPublisher(), new RelayOptions { Mode = mode, BeginsWithLeases = false });
        var (wal, commits) = await database.CostOfAsync(() => schema.DrainAsync(relay, CountedRows, cancellationToken), cancellationToken);
        run.Count($"{name}: commits per 1,000 rows", commits * 1000 / CountedRows, "", Target.AtMost(4), "6");
        run.Count($"{name}: write-ahead log per row", wal / CountedRows, "bytes", Target.AtMost(mostWal), "7");
    }
}
