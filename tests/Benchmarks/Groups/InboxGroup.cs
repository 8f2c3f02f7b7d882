using Relaybox.Benchmarks.Consuming;
using Relaybox.Benchmarks.Harness;
using Relaybox.Benchmarks.Postgres;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Outbox;
using Relaybox.Postgres;
using Relaybox.Timing;

namespace Relaybox.Benchmarks.Groups;

/// <summary>What it saves to claim and to mark the messages of a batch together.</summary>
internal sealed class InboxGroup : IBenchmarkGroup
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(60);

    public string Id => "inbox";

    public string Title => "PostgreSQL inbox, durable commits, 1 KiB";

    public async Task RunAsync(BenchmarkRun run, CancellationToken cancellationToken)
    {
        await using var database = await BenchDatabase.StartAsync(cancellationToken);
        var options = await database.MigrateAsync("inbox", AfterSending.Keep, cancellationToken);
        var repository = new PostgresInboxRepository(
            database.Connections, options, TimeProvider.System, SystemEntropy.Instance);
        var table = $"\"{options.Schema}\".\"{options.InboxTable}\"";

        await run.CompareAsync(
            new Comparison("Messages claimed", [Metric.Rate("messages")], [
                ClaimArm("one by one", 1, null),
                ClaimArm("10 in a statement", 10, Target.AtLeast(6)),
                ClaimArm("100 in a statement", 100, Target.AtLeast(11)),
            ])
            { Rows = "10" },
            cancellationToken);
        await run.CompareAsync(
            new Comparison($"Invocations with {QueueInvocations.BatchSize} messages, no-op handler", [Metric.Rate("invocations")], [
                ConsumeArm("one statement per message", new OneByOneInbox(repository), null),
                ConsumeArm("the consumer", repository, Target.AtLeast(4)),
            ])
            { Rows = "11" },
            cancellationToken);
        await CountAsync(run, "one statement per message", new OneByOneInbox(repository));
        await CountAsync(run, "the consumer", repository);

        Task EmptyAsync(CancellationToken ct) => database.ExecuteAsync($"TRUNCATE {table}", ct);

        Arm ClaimArm(string name, int size, Target? target)
        {
            var batches = new List<InboxMessage[]>();
            return Arm.Throughput(
                name,
                size * 100,
                async (_, ct) =>
                {
                    foreach (var batch in batches)
                    {
                        var claims = await repository.ClaimAsync("bench", batch, Lease, 5, ct);
                        if (claims.Any(claim => claim is not InboxClaim.Claimed))
                        {
                            throw new InvalidOperationException("A new message could not be claimed.");
                        }
                    }
                },
                async (messages, ct) =>
                {
                    await EmptyAsync(ct);
                    batches.Clear();
                    batches.AddRange(Enumerable.Range(0, (int)messages).Select(NewMessage).Chunk(size));
                },
                target);
        }

        Arm ConsumeArm(string name, IInboxRepository inbox, Target? target)
        {
            var invocations = new QueueInvocations(inbox);
            return Arm.Throughput(
                name,
                20,
                (_, _) => invocations.RunAsync(),
                async (count, ct) =>
                {
                    await EmptyAsync(ct);
                    invocations.Prepare(count);
                },
                target);
        }

        async Task CountAsync(BenchmarkRun into, string name, IInboxRepository inbox)
        {
            const int Invocations = 100;
            var invocations = new QueueInvocations(inbox);
            invocations.Prepare(Invocations);
            var (wal, commits) = await database.CostOfAsync(invocations.RunAsync, cancellationToken);
            into.Count($"{name}: commits per invocation", commits / Invocations, "");
            into.Count($"{name}: write-ahead log per message", wal / (Invocations * QueueInvocations.BatchSize), "bytes");
        }
    }

    private static InboxMessage NewMessage(int number)
    {
        var message = new InboxMessage(
            new OutboxEvent { EventId = Guid.NewGuid().ToString(), Subject = "orders.placed", Payload = BenchPayload.Text })
        {
            MessageId = "m",
        };
        _ = message.PayloadHash;
        return message;
    }
}
