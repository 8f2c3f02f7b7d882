using System.Diagnostics;
using Relaybox.Benchmarks.Consuming;
using Relaybox.Benchmarks.Harness;
using Relaybox.Benchmarks.Stores.Postgres;
using Relaybox.Inbox;
using Relaybox.Outbox;

namespace Relaybox.Benchmarks.Groups;

/// <summary>
/// Handlers with one effect each on PostgreSQL: whole invocations of the product's consumer with ten messages, against a bare loop of
/// the driver. With peers, against Wolverine's durable inbox, which gets the same messages in the same batches.
/// </summary>
internal sealed class ConsumerGroup : IBenchmarkGroup
{
    private const int BatchSize = QueueInvocations.BatchSize;

    // More did not make Wolverine faster.
    private const int AtOnce = 8;

    public string Id => "consumer";

    public string Title => "consumer on PostgreSQL, durable commits, each handler inserts one row, 1 KiB";

    public bool HasPeers => true;

    public async Task RunAsync(BenchmarkRun run, CancellationToken cancellationToken)
    {
        await using var database = await BenchDatabase.StartAsync(cancellationToken);
        await using var wolverine = run.Options.Peers
            ? await PeerProcess.StartProgramAsync("Wolverine", database, "", cancellationToken)
            : null;
        var effects = new EffectsTable(database);
        await effects.CreateAsync(cancellationToken);
        var inbox = new InboxSchema(database, await database.MigrateAsync("consumer", AfterSending.Keep, cancellationToken));

        await CompareAsync("one batch at a time", own: false, atOnce: 1, least: 1.1);
        await CompareAsync("one batch at a time, the handler opens a transaction", own: true, atOnce: 1, least: 1.1);
        await CompareAsync($"{AtOnce} batches at once", own: false, AtOnce, least: 1.5);
        if (wolverine is not null)
        {
            Explain(run);
        }

        Task CompareAsync(string how, bool own, int atOnce, double least) => run.CompareAsync(
            new Comparison($"Invocations with {BatchSize} messages, {how}", [Metric.Rate("messages")], [
                wolverine is null ? BareArm(inbox, effects, atOnce) : PeerArm(wolverine, own, atOnce),
                ConsumerArm(
                    inbox,
                    effects,
                    own ? new CommittedEffect(database.DataSource) : new EnlistedEffect(),
                    atOnce,
                    wolverine is null ? null : Target.AtLeast(least)),
            ]),
            cancellationToken);
    }

    private static Arm PeerArm(PeerProcess wolverine, bool own, int atOnce) =>
        BatchArm("Wolverine", (batches, ct) => wolverine.ConsumeAsync(batches * BatchSize, own, atOnce, ct));

    // Each of the invocations that run at once has a function of its own, as on Lambda.
    private static Arm ConsumerArm(InboxSchema inbox, EffectsTable effects, IMessageHandler<string> handler, int atOnce, Target? target)
    {
        QueueInvocations[] functions = [.. Enumerable.Range(0, atOnce).Select(_ => new QueueInvocations(inbox.Repository, handler))];
        return BatchArm("the consumer", RunAsync, target);

        async Task<TimeSpan> RunAsync(long batches, CancellationToken cancellationToken)
        {
            for (var i = 0; i < atOnce; i++)
            {
                functions[i].Prepare((batches / atOnce) + (i < batches % atOnce ? 1 : 0));
            }

            return await TimeAsync(
                inbox, effects, batches, () => Task.WhenAll(functions.Select(function => Task.Run(function.RunAsync))), cancellationToken);
        }
    }

    private static Arm BareArm(InboxSchema inbox, EffectsTable effects, int atOnce)
    {
        return BatchArm("bare loop", RunAsync);

        async Task<TimeSpan> RunAsync(long batches, CancellationToken cancellationToken)
        {
            InboxMessage[][] messages = [.. NewMessages.Make((int)batches * BatchSize).Chunk(BatchSize)];
            InboxMessage[][][] loops =
                [.. messages.Index().GroupBy(batch => batch.Index % atOnce, batch => batch.Item).Select(loop => loop.ToArray())];
            return await TimeAsync(
                inbox,
                effects,
                batches,
                () => Task.WhenAll(loops.Select(loop => Task.Run(() => inbox.ConsumeBareAsync(loop, cancellationToken), cancellationToken))),
                cancellationToken);
        }
    }

    private static async Task<TimeSpan> TimeAsync(
        InboxSchema inbox, EffectsTable effects, long batches, Func<Task> consume, CancellationToken cancellationToken)
    {
        await inbox.EmptyAsync(cancellationToken);
        await effects.EmptyAsync(cancellationToken);
        GC.Collect();
        var start = Stopwatch.GetTimestamp();
        await consume();
        var elapsed = Stopwatch.GetElapsedTime(start);
        await effects.CheckAsync(batches * BatchSize, cancellationToken);
        return elapsed;
    }

    // Does whole batches, and tells of messages.
    private static Arm BatchArm(string name, Func<long, CancellationToken, Task<TimeSpan>> run, Target? target = null)
    {
        var arm = Arm.Timed(name, 100, run, target: target);
        return arm with { MeasureAsync = async (time, ct) => [(await arm.MeasureAsync(time, ct))[0] * BatchSize] };
    }

    private static void Explain(BenchmarkRun run)
    {
        run.Note(
            "Wolverine 6.62.0 runs in a process of its own, on the same server, and takes its own time. Batches are delivered to its durable "
            + "inbox by a transport in the process, and the next one when all messages of the last are handled and marked. It has no "
            + "transactional middleware for plain PostgreSQL: its handler inserts in a statement that commits by itself, apart from "
            + "the mark, unless it opens a transaction. The effect of our handler commits with the mark, unless it opens a transaction.");
    }
}
