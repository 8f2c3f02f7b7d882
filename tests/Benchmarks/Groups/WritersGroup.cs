using Relaybox.Benchmarks.Harness;
using Relaybox.Benchmarks.Stores.Postgres;
using Relaybox.Outbox;

namespace Relaybox.Benchmarks.Groups;

/// <summary>What the outbox costs the app: transactions of a business row and its event, beside the business row alone.</summary>
internal sealed class WritersGroup : IBenchmarkGroup
{
    private const string Bare = "the business row alone";
    private const string Cap = "Cap";
    private const string Wolverine = "Wolverine";

    private static readonly Target OfBusinessRow = Target.AtLeast(0.6);

    public string Id => "writers";

    public string Title => "transactions of a business row and an event on PostgreSQL, durable commits, 1 KiB, a broker that takes no time";

    public bool HasPeers => true;

    public async Task RunAsync(BenchmarkRun run, CancellationToken cancellationToken)
    {
        await using var database = await BenchDatabase.StartAsync(cancellationToken);
        await using var cap = run.Options.Peers ? await PeerProcess.StartProgramAsync(Cap, database, "", cancellationToken) : null;
        await using var wolverine = run.Options.Peers
            ? await PeerProcess.StartProgramAsync(Wolverine, database, "", cancellationToken)
            : null;
        var keeping = await CreateAsync("keeping", AfterSending.Keep);
        var deleting = await CreateAsync("deleting", AfterSending.Delete);
        await CompareAsync("8 writers, nothing relayed", 8, isRelaying: false);
        await CompareAsync("8 writers while a relay sends", 8, isRelaying: true);
        await CompareAsync("1 writer while a relay sends", 1, isRelaying: true);
        run.Note(
            "A writer commits one transaction after the other, each of a business row of 100 bytes and one event. What counts is the time until "
            + "the last commit. Then everything is sent, outside of that time.");
        if (run.Options.Peers)
        {
            run.Note(
                "CAP 10.0.2 and Wolverine 6.62.0 run in processes of their own, on the same server, and send to a transport in their process that "
                + "accepts at once. They are set up as their documentation advises for throughput; the programs in tests/Benchmarks/peers say how.");
        }

        async Task<WriterLoop> CreateAsync(string schema, AfterSending afterSending)
        {
            var loop = new WriterLoop(database, await OutboxSchema.CreateAsync(database, schema, afterSending, cancellationToken));
            await loop.CreateAsync();
            return loop;
        }

        Task CompareAsync(string name, int writers, bool isRelaying)
        {
            return run.CompareAsync(
                new Comparison(name, [Metric.Rate("transactions")], [
                    Arm.Timed(Bare, 1_000, (rows, ct) => keeping.WriteBusinessAsync(rows, writers, ct), keeping.PrepareAsync),
                    .. Peer(Cap, cap),
                    .. Peer(Wolverine, wolverine),
                    .. isRelaying
                        ? new[] { Ours("Relaybox, keep", keeping, Cap, 1), Ours("Relaybox, delete", deleting, Wolverine, 0.9) }
                        : [Ours("Relaybox", keeping, Cap, 1, (Wolverine, Target.AtLeast(1)))],
                ]),
                cancellationToken);

            IEnumerable<Arm> Peer(string arm, PeerProcess? peer) => peer is null ? [] :
                [Arm.Timed(arm, 1_000, async (rows, ct) => (await peer.WriteAsync(rows, writers, isRelaying, ct)).Written)];

            // What keeps sent rows is compared with what keeps them, and what deletes with what deletes.
            Arm Ours(string arm, WriterLoop loop, string peer, double least, params (string Against, Target Target)[] also) => Arm.Timed(
                arm,
                1_000,
                (rows, ct) => isRelaying ? loop.WriteRelayedAsync(rows, writers, ct) : loop.WriteAsync(rows, writers, ct),
                loop.PrepareAsync,
                isRelaying ? null : OfBusinessRow) with
            { Also = cap is null ? [] : [(peer, Target.AtLeast(least)), .. also] };
        }
    }
}
