using Relaybox.Benchmarks.Consuming;
using Relaybox.Benchmarks.Harness;
using Relaybox.Benchmarks.Stores;
using Relaybox.Inbox;

namespace Relaybox.Benchmarks.Groups;

/// <summary>What it saves to claim and to mark the messages of a batch together, and what the product costs beyond the driver.</summary>
internal sealed class InboxGroup(IBenchStore store) : StoreGroup(store)
{
    private const int BatchSize = QueueInvocations.BatchSize;

    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(60);

    public override string Id => "inbox";

    public override string Title => "inbox, durable commits, 1 KiB";

    protected override async Task MeasureAsync(BenchmarkRun run, IBenchServer server, CancellationToken cancellationToken)
    {
        var inbox = await server.CreateInboxAsync("inbox", isCounted: false, cancellationToken);
        var repository = inbox.Repository;
        await run.CompareAsync(
            new Comparison("Messages claimed", [Metric.Rate("messages")], [
                ClaimArm("one by one", inbox, 1, null),
                ClaimArm("10 in a statement", inbox, 10, Targets.ClaimTen),
                ClaimArm("100 in a statement", inbox, 100, Targets.ClaimHundred),
            ])
            { Rows = Rows("10") },
            cancellationToken);
        await run.CompareAsync(
            new Comparison($"Messages claimed and marked, {BatchSize} at once", [Metric.Rate("messages")], [
                BatchArm("bare loop", inbox, BatchSize, inbox.HandleBareAsync),
                BatchArm("the inbox", inbox, BatchSize, (batches, ct) => HandleAsync(repository, batches, ct), StoreTargets.OfBareLoop),
            ]),
            cancellationToken);
        await run.CompareAsync(
            new Comparison($"Invocations with {BatchSize} messages, no-op handler", [Metric.Rate("invocations")], [
                ConsumeArm("one statement per message", inbox, new OneByOneInbox(repository), null),
                ConsumeArm("the consumer", inbox, repository, Targets.Invocations),
            ])
            { Rows = Rows("11") },
            cancellationToken);
        var counted = await server.CreateInboxAsync("counted_inbox", isCounted: true, cancellationToken);
        await CountAsync(run, server, "one statement per message", new OneByOneInbox(counted.Repository), cancellationToken);
        await CountAsync(run, server, "the consumer", counted.Repository, cancellationToken);
        await CountBatchAsync(run, server, counted.Repository, cancellationToken);
    }

    private static Arm ClaimArm(string name, IBenchInbox inbox, int size, Target? target) => BatchArm(
        name,
        inbox,
        size,
        async (batches, ct) =>
        {
            foreach (var batch in batches)
            {
                await ClaimAsync(inbox.Repository, batch, ct);
            }
        },
        target);

    private static Arm BatchArm(
        string name, IBenchInbox inbox, int size, Func<IReadOnlyList<InboxMessage[]>, CancellationToken, Task> handle, Target? target = null)
    {
        InboxMessage[][] batches = [];
        return Arm.Throughput(
            name,
            size * 20,
            (_, ct) => handle(batches, ct),
            async (messages, ct) =>
            {
                await inbox.EmptyAsync(ct);
                batches = [.. NewMessages.Make((int)messages).Chunk(size)];
            },
            target);
    }

    private static Arm ConsumeArm(string name, IBenchInbox inbox, IInboxRepository repository, Target? target)
    {
        var invocations = new QueueInvocations(repository);
        return Arm.Throughput(
            name,
            20,
            (_, _) => invocations.RunAsync(),
            async (count, ct) =>
            {
                await inbox.EmptyAsync(ct);
                invocations.Prepare(count);
            },
            target);
    }

    private static async Task CountAsync(
        BenchmarkRun run, IBenchServer server, string name, IInboxRepository inbox, CancellationToken cancellationToken)
    {
        const int Invocations = 100;
        var invocations = new QueueInvocations(inbox);
        invocations.Prepare(Invocations);
        foreach (var cost in await server.CostOfAsync(invocations.RunAsync, cancellationToken))
        {
            if (cost.IsOfRows)
            {
                run.Count($"{name}: {cost.Name} per message", cost.Total / (Invocations * BatchSize), cost.Unit);
            }
            else
            {
                run.Count($"{name}: {cost.Name} per invocation", cost.Total / Invocations, cost.Unit);
            }
        }
    }

    // In an invocation handlers that end apart are marked apart.
    private async Task CountBatchAsync(BenchmarkRun run, IBenchServer server, IInboxRepository inbox, CancellationToken cancellationToken)
    {
        InboxMessage[] batch = [.. NewMessages.Make(BatchSize)];
        foreach (var cost in await server.CostOfAsync(() => HandleAsync(inbox, [batch], cancellationToken), cancellationToken))
        {
            var target = Targets.InboxBatch.GetValueOrDefault(cost.Name);
            run.Count($"the inbox: {cost.Name} of one batch of {BatchSize} messages", cost.Total, cost.Unit, target);
        }
    }

    private static async Task HandleAsync(IInboxRepository inbox, IReadOnlyList<InboxMessage[]> batches, CancellationToken cancellationToken)
    {
        foreach (var batch in batches)
        {
            var claims = await ClaimAsync(inbox, batch, cancellationToken);
            if ((await inbox.TryMarkProcessedAsync(claims, cancellationToken)).Contains(false))
            {
                throw new InvalidOperationException("A claimed message could not be marked.");
            }
        }
    }

    private static async Task<InboxClaim.Claimed[]> ClaimAsync(IInboxRepository inbox, InboxMessage[] batch, CancellationToken cancellationToken)
    {
        var claims = await inbox.ClaimAsync("bench", batch, Lease, 5, cancellationToken);
        return claims.All(claim => claim is InboxClaim.Claimed)
            ? [.. claims.Cast<InboxClaim.Claimed>()]
            : throw new InvalidOperationException("A new message could not be claimed.");
    }
}
