using Relaybox.Benchmarks.Harness;
using Relaybox.Benchmarks.Stores;
using Relaybox.Benchmarks.Stores.Postgres;
using Relaybox.Outbox;
using Relaybox.Outbox.Relay;
using Relaybox.Postgres;

namespace Relaybox.Benchmarks.Groups;

/// <summary>
/// The same rows through other outboxes and queues on PostgreSQL, mode for mode: beside what deletes we delete, beside what
/// keeps we keep, beside what holds its rows we hold ours. A peer's ratio says how much of Relaybox it reaches.
/// </summary>
internal sealed class PeersGroup : IBenchmarkGroup
{
    private const string Deleting = "Relaybox, lease, delete";
    private const string LockedDeleting = "Relaybox, locked, delete";
    private const string Keeping = "Relaybox, lease, keep";
    private const string LockedKeeping = "Relaybox, locked, keep";
    private const string Notified = "Relaybox, lease, LISTEN/NOTIFY";
    private const int LatencyRows = 200;
    private const int LatencyRate = 100;
    private const int LargeBatch = 1000;
    private const int DefaultBatch = 100;

    private static readonly Target Behind = Target.AtMost(1);
    private static readonly Target Later = Target.AtLeast(1);

    public string Id => BenchmarkGroups.Peers;

    public string Title => "Relaybox beside other outboxes and queues on PostgreSQL, durable commits, no-op handler, 1 KiB";

    public bool IsDefault => false;

    public bool HasPeers => true;

    public async Task RunAsync(BenchmarkRun run, CancellationToken cancellationToken)
    {
        await using var database = await BenchDatabase.StartAsync(cancellationToken);
        await using var logical = await BenchDatabase.StartAsync("wal_level = logical\n", cancellationToken);
        await using var graphile = await PeerProcess.StartAsync("graphile-worker", database, "", cancellationToken);
        await using var boss = await PeerProcess.StartAsync("pg-boss", database, "", cancellationToken);
        await using var polling = await PeerProcess.StartAsync("pg-transactional-outbox", database, "polling", cancellationToken);
        await using var replication = await PeerProcess.StartAsync("pg-transactional-outbox", logical, "replication", cancellationToken);
        var naive = new NaiveOutbox(database, "naive");
        await naive.CreateAsync(cancellationToken);

        await CompareDeletingAsync(run, database, naive, graphile, cancellationToken);
        await CompareKeepingAsync(run, database, naive, [
            Peer("pg-boss, 1 worker", 20_000, boss, workers: 1),
            Peer("pg-boss, 2 workers", 20_000, boss, workers: 2),
            Peer("pg-transactional-outbox, polling", 1_000, polling),
            Peer("pg-transactional-outbox, replication", 1_000, replication),
        ], cancellationToken);
        await CompareLatencyAsync(run, database, [
            Waiting("graphile-worker", graphile.MeasureLatencyAsync, Later, Notified),
            Waiting("pg-boss, woken by its own process", boss.MeasureLatencyAsync, Later, Notified),
            Waiting("pg-transactional-outbox, polling every 10 ms", polling.MeasureLatencyAsync, Later, Notified),
            Waiting("pg-transactional-outbox, replication", replication.MeasureLatencyAsync, Later, Notified),
        ], cancellationToken);
        Explain(run);
    }

    private static async Task CompareDeletingAsync(
        BenchmarkRun run, BenchDatabase database, NaiveOutbox naive, PeerProcess graphile, CancellationToken cancellationToken)
    {
        var schema = await OutboxSchema.CreateAsync(database, "peer_del", AfterSending.Delete, cancellationToken);
        var held = new FetchAndHoldLoop(database, "held_del", keeps: false);
        await held.CreateAsync(withIndex: false, cancellationToken);
        await run.CompareAsync(
            new Comparison("Rows published and deleted", [Metric.Rate("rows")], [
                Relaybox(Deleting, schema, RelayMode.Lease),
                Relaybox(LockedDeleting, schema, RelayMode.Locked),
                Arm.Throughput("naive", 1_500, naive.DrainAsync, naive.FillAsync),
                Peer("graphile-worker", 50_000, graphile),
                Holding("fetch-and-hold loop, batches of 1,000", held, LargeBatch, Behind, LockedDeleting),
                Holding("fetch-and-hold loop, batches of 100", held, DefaultBatch, Behind, LockedDeleting),
            ]),
            cancellationToken);
    }

    private static async Task CompareKeepingAsync(
        BenchmarkRun run, BenchDatabase database, NaiveOutbox naive, Arm[] peers, CancellationToken cancellationToken)
    {
        var schema = await OutboxSchema.CreateAsync(database, "peer_keep", AfterSending.Keep, cancellationToken);
        var held = new FetchAndHoldLoop(database, "held_keep", keeps: true);
        await held.CreateAsync(withIndex: false, cancellationToken);
        var indexed = new FetchAndHoldLoop(database, "held_index", keeps: true);
        await indexed.CreateAsync(withIndex: true, cancellationToken);
        await run.CompareAsync(
            new Comparison("Rows published and kept", [Metric.Rate("rows")], [
                Relaybox(Keeping, schema, RelayMode.Lease),
                Relaybox(LockedKeeping, schema, RelayMode.Locked),
                Arm.Throughput("naive", 1_500, naive.DrainAsync, naive.FillAsync),
                .. peers,
                Holding("fetch-and-hold loop, updating, batches of 1,000", held, LargeBatch, Behind),
                Holding("the same with a partial index of ours", indexed, LargeBatch, Behind, LockedKeeping),
            ]),
            cancellationToken);
    }

    private static async Task CompareLatencyAsync(BenchmarkRun run, BenchDatabase database, Arm[] peers, CancellationToken cancellationToken)
    {
        var listening = new ListenLoop(database, "bare_listen");
        await listening.CreateAsync(cancellationToken);
        var schema = await OutboxSchema.CreateAsync(database, "peer_wait", AfterSending.Keep, cancellationToken);
        var held = new FetchAndHoldLoop(database, "held_wait", keeps: false);
        await held.CreateAsync(withIndex: false, cancellationToken);
        const string Bare = "bare LISTEN/NOTIFY loop";
        await run.CompareAsync(
            new Comparison("From commit to publish or handler, single rows, 100 a second", [Metric.Milliseconds("p50"), Metric.Milliseconds("p99")], [
                Waiting(Bare, listening.MeasureAsync),
                Waiting(Notified, new RelayLatency(schema).MeasureAsync, Target.AtMost(1.3), Bare),
                Waiting(
                    "fetch-and-hold loop, woken by its own process",
                    (rows, rate, ct) => held.MeasureLatencyAsync(rows, rate, DefaultBatch, ct),
                    against: Notified),
                .. peers,
            ])
            { Rows = "18" },
            cancellationToken);
    }

    private static Arm Relaybox(string name, OutboxSchema schema, RelayMode mode)
    {
        var relay = schema.Relay(new NoOpPublisher(), new RelayOptions { Mode = mode });
        return Arm.Throughput(name, 20_000, (rows, ct) => schema.DrainAsync(relay, rows, ct), schema.FillAsync);
    }

    private static Arm Peer(string name, long initial, PeerProcess peer, int workers = 1) =>
        Arm.Timed(name, initial, (rows, ct) => peer.DrainAsync(rows, workers, ct), peer.PrepareAsync, Behind);

    private static Arm Holding(string name, FetchAndHoldLoop loop, int batchSize, Target target, string? against = null) =>
        Arm.Throughput(name, 10_000, (rows, ct) => loop.DrainAsync(rows, batchSize, ct), loop.FillAsync, target, against);

    private static Arm Waiting(
        string name, Func<int, int, CancellationToken, Task<double[]>> measure, Target? target = null, string? against = null) =>
        Arm.Latency(name, ct => measure(LatencyRows, LatencyRate, ct), target, against);

    private static void Explain(BenchmarkRun run)
    {
        run.Note(
            "graphile-worker 0.17.3, pg-boss 10.4.2 and pg-transactional-outbox 0.5.7 come from npm, and are set up as their "
            + "documentation advises for throughput, and apart from that for latency; the drivers in tests/Benchmarks/peers say how. "
            + "A driver takes its own time, without starting its process; it commits and handles in one process, on one clock.");
        run.Note(
            "The fetch-and-hold loop is the algorithm of OutboxKit's documentation in plain Npgsql, with its default table "
            + "and nothing around it. OutboxKit itself was measured from its sources, apart from this run: see docs/benchmarks.md, `peers`.");
        run.Note("A time begins when the app knows that its row is committed, and ends when the row is handed to publisher or handler.");
    }
}
