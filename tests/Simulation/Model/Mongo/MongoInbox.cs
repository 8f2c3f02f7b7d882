using Relaybox.Inbox;
using Relaybox.Paging;
using Relaybox.Timing;

namespace Relaybox.Simulation.Model;

/// <summary>An inbox on the model of MongoDB, in the steps of the real one (<c>src/Shared/MongoDb/Inbox</c>).</summary>
internal sealed class MongoInbox(MongoClient client, IEntropy entropy) : IInboxRepository
{
    private const int MaxRounds = 3;

    private InboxTable Table => client.Server.Inbox;

    private DateTimeOffset Now => client.Server.Now;

    public async Task<IReadOnlyList<InboxClaim>> ClaimAsync(
        string consumer, IReadOnlyList<InboxMessage> messages, TimeSpan lease, int maxAttempts, CancellationToken cancellationToken)
    {
        var batch = new InboxClaimBatch(consumer, messages, entropy);
        for (var round = 1; !batch.IsDone; round++)
        {
            var isLast = round == MaxRounds;
            await client.RunAsync(
                async _ =>
                {
                    await TakeAsync(batch, lease, maxAttempts, cancellationToken);
                    await client.FindAsync("inbox.read-refused", () => ReadRefused(batch, maxAttempts, isLast), cancellationToken);
                    return true;
                },
                cancellationToken);
        }

        return batch.Claims;
    }

    public Task<bool> RenewAsync(InboxClaim.Claimed claim, TimeSpan lease, CancellationToken cancellationToken) => client.RunAsync(
        _ => client.FindAsync($"inbox.renew {claim.EventId}", () => Table.Hold(claim, Now, lease, begins: false), cancellationToken),
        cancellationToken);

    public Task<bool> StartAsync(InboxClaim.Claimed claim, TimeSpan lease, CancellationToken cancellationToken) => client.RunAsync(
        async _ => await UpdateAsync($"inbox.start {claim.EventId}", claim, () => Table.Hold(claim, Now, lease, begins: true), cancellationToken),
        cancellationToken);

    public Task<IInboxTransaction> BeginAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken) =>
        Task.FromResult<IInboxTransaction>(new MongoInboxTransaction(client, this, claim));

    public Task<bool> MarkProcessedAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken) => WriteAsync(
        $"inbox.processed {claim.EventId}",
        claim,
        () => Table.Complete(claim, effects: 0, emitted: [], Now),
        InboxStatus.Processed,
        cancellationToken);

    public async Task<IReadOnlyList<bool>> TryMarkProcessedAsync(
        IReadOnlyList<InboxClaim.Claimed> claims, CancellationToken cancellationToken)
    {
        var marked = new bool[claims.Count];
        for (var i = 0; i < claims.Count; i++)
        {
            marked[i] = await MarkProcessedAsync(claims[i], cancellationToken);
        }

        return marked;
    }

    public Task<bool> EndAttemptAsync(
        InboxClaim.Claimed claim, int deliveries, string errorCode, string errorMessage, CancellationToken cancellationToken) => WriteAsync(
            $"inbox.failed {claim.EventId}",
            claim,
            () => Table.IsHeld(claim) && Table.EndAttempt(claim, deliveries, errorCode, errorMessage, Now),
            InboxStatus.Failed,
            cancellationToken);

    public bool IsOutage(Exception exception) => exception is MongoFailure { IsTransient: true };

    public Task<InboxRecord?> FindAsync(InboxKey key, CancellationToken cancellationToken) => client.RunAsync(
        _ => client.FindAsync("inbox.find", () => Table.Find(key)?.ToRecord(), cancellationToken), cancellationToken);

    public Task<MaintenancePage> CleanupAsync(
        TimeSpan processedRetention, TimeSpan failedRetention, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        ChangeAsync("inbox.cleanup", () => Table.Cleanup(Now, processedRetention, failedRetention, cursor, pageSize), cancellationToken);

    public Task<MaintenancePage> ResetStaleAsync(TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        ChangeAsync("inbox.reset", () => Table.ResetStale(Now, age, cursor, pageSize), cancellationToken);

    public Task<IReadOnlyDictionary<string, long>> GetCountByStatusAsync(CancellationToken cancellationToken) => client.RunAsync(
        _ => client.FindAsync("inbox.count", Table.CountByStatus, cancellationToken), cancellationToken);

    /// <summary>What became of a claim's record, once no transaction has it any more; null where the claim is no longer the record's last.</summary>
    internal Task<InboxStatus?> ReadOwnAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken) => client.RunAsync(
        async _ =>
        {
            await UpdateAsync($"inbox.wait {claim.EventId}", claim, () => true, cancellationToken);
            return await FindOwnAsync(claim, cancellationToken);
        },
        cancellationToken);

    private Task<int> TakeAsync(InboxClaimBatch batch, TimeSpan lease, int maxAttempts, CancellationToken cancellationToken)
    {
        var open = batch.Open().ToDictionary(of => DocumentId.Record(of.Key));
        return client.UpdateAsync(
            "inbox.claim",
            open.Keys,
            id => Table.Claim(batch.Consumer, open[id].Message, Now, lease, maxAttempts, open[id].Token) is InboxClaim.Claimed,
            cancellationToken);
    }

    private bool ReadRefused(InboxClaimBatch batch, int maxAttempts, bool isLast)
    {
        foreach (var (key, _, _) in batch.Open())
        {
            var record = Table.Find(key) is { } state
                ? new RefusedRecord(
                    state.Parsed, state.Deliveries, state.Unfinished, state.Token, state.BegunToken,
                    state.Hash is { } hash ? Convert.FromHexString(hash) : null, state.LeaseUntil)
                : (RefusedRecord?)null;
            batch.Refused(key, record, Now, maxAttempts, isLast);
        }

        return true;
    }

    private async Task<bool> UpdateAsync(string what, InboxClaim.Claimed claim, Func<bool> update, CancellationToken cancellationToken) =>
        await client.UpdateAsync(what, [DocumentId.Record(claim.Key)], _ => update(), cancellationToken) == 1;

    private Task<bool> WriteAsync(
        string what, InboxClaim.Claimed claim, Func<bool> update, InboxStatus status, CancellationToken cancellationToken) => client.RunAsync(
            async _ => await UpdateAsync(what, claim, update, cancellationToken)

                // Our own earlier write, whose answer was lost.
                || await FindOwnAsync(claim, cancellationToken) == status,
            cancellationToken);

    private Task<InboxStatus?> FindOwnAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken) => client.FindAsync(
        $"inbox.find-own {claim.EventId}",
        () => Table.Find(claim.Key) is { } record && record.Token == claim.Token ? record.Parsed : (InboxStatus?)null,
        cancellationToken);

    private Task<MaintenancePage> ChangeAsync(string what, Func<MaintenancePage> change, CancellationToken cancellationToken) => client.RunAsync(
        _ => client.UpdateAllAsync(what, () => Table.Records.Select(record => DocumentId.Record(record.Key)), change, cancellationToken),
        cancellationToken);
}
