using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Operations;
using Relaybox.Paging;
using Relaybox.Timing;

namespace Relaybox.Simulation.Model;

/// <summary>A repository on the model inbox.</summary>
/// <param name="table">The records.</param>
/// <param name="server">The way to them.</param>
/// <param name="entropy">The source of tokens.</param>
/// <param name="oneByOne">Whether each message is a call of its own, as with DynamoDB; otherwise one statement claims a batch.</param>
/// <param name="announces">Whether a stream announces emitted events; otherwise they are due at once.</param>
internal sealed class ModelInbox(InboxTable table, IServer server, IEntropy entropy, bool oneByOne = false, bool announces = false)
    : IInboxRepository, IInboxOperations
{
    internal InboxTable Table => table;

    internal IServer Server => server;

    internal bool DueAtOnce => !announces;

    internal bool IsOneByOne => oneByOne;

    public async Task<IReadOnlyList<InboxClaim>> ClaimAsync(
        string consumer, IReadOnlyList<InboxMessage> messages, TimeSpan lease, int maxAttempts, CancellationToken cancellationToken)
    {
        if (!oneByOne)
        {
            return await server.CallAsync<IReadOnlyList<InboxClaim>>(
                "inbox.claim", () => [.. messages.Select(message => Claim(consumer, message, lease, maxAttempts, NewToken()))], cancellationToken);
        }

        return await Task.WhenAll(messages.Select(message => ClaimOneAsync(consumer, message, lease, maxAttempts, cancellationToken)));
    }

    public Task<bool> RenewAsync(InboxClaim.Claimed claim, TimeSpan lease, CancellationToken cancellationToken) =>
        server.CallAsync($"inbox.renew {claim.EventId}", () => table.Hold(claim, server.Now, lease, begins: false), cancellationToken);

    public Task<bool> StartAsync(InboxClaim.Claimed claim, TimeSpan lease, CancellationToken cancellationToken) =>
        server.CallAsync($"inbox.start {claim.EventId}", () => table.Hold(claim, server.Now, lease, begins: true), cancellationToken);

    public Task<IInboxTransaction> BeginAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken) =>
        Task.FromResult<IInboxTransaction>(new ModelInboxTransaction(this, claim));

    public Task<bool> MarkProcessedAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken) =>
        server.CallAsync(
            $"inbox.processed {claim.EventId}",
            () => table.Commit(claim, [], [], possible: true, server.Now, DueAtOnce) == CommitOutcome.Committed,
            cancellationToken);

    public async Task<IReadOnlyList<bool>> TryMarkProcessedAsync(
        IReadOnlyList<InboxClaim.Claimed> claims, CancellationToken cancellationToken) =>
        oneByOne
            ? new bool[claims.Count]
            : await server.CallAsync<IReadOnlyList<bool>>(
                $"inbox.processed {string.Join(", ", claims.Select(claim => claim.EventId))}",
                () => [.. claims.Select(claim => table.Commit(claim, [], [], possible: true, server.Now, DueAtOnce) == CommitOutcome.Committed)],
                cancellationToken);

    public Task<bool> EndAttemptAsync(
        InboxClaim.Claimed claim, int deliveries, string errorCode, string errorMessage, CancellationToken cancellationToken) =>
        server.CallAsync(
            $"inbox.failed {claim.EventId}",
            () => table.EndAttempt(claim, deliveries, errorCode, errorMessage, server.Now),
            cancellationToken);

    public Task GiveAttemptsBackAsync(InboxKey key, CancellationToken cancellationToken) =>
        server.CallAsync($"inbox.give-attempts-back {key.EventId} for {key.Consumer}", () => table.GiveAttemptsBack(key), cancellationToken);

    public Task<InboxRecord?> FindAsync(InboxKey key, CancellationToken cancellationToken) =>
        server.CallAsync("inbox.find", () => table.Find(key)?.ToRecord(), cancellationToken);

    public Task<MaintenancePage> CleanupAsync(
        TimeSpan processedRetention, TimeSpan failedRetention, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        server.CallAsync("inbox.cleanup", () => table.Cleanup(server.Now, processedRetention, failedRetention, cursor, pageSize), cancellationToken);

    public Task<MaintenancePage> ResetStaleAsync(TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        server.CallAsync("inbox.reset", () => table.ResetStale(server.Now, age, cursor, pageSize), cancellationToken);

    public Task<IReadOnlyDictionary<string, long>> GetCountByStatusAsync(CancellationToken cancellationToken) =>
        server.CallAsync("inbox.count", table.CountByStatus, cancellationToken);

    private async Task<InboxClaim> ClaimOneAsync(
        string consumer, InboxMessage message, TimeSpan lease, int maxAttempts, CancellationToken cancellationToken)
    {
        var token = NewToken();
        try
        {
            return await server.CallAsync(
                $"inbox.claim {message.Event.EventId} for {consumer}", () => Claim(consumer, message, lease, maxAttempts, token), cancellationToken);
        }
        catch (HttpRequestException)
        {
            return new InboxClaim.Unavailable();
        }
    }

    private InboxClaim Claim(string consumer, InboxMessage message, TimeSpan lease, int maxAttempts, string token) =>
        table.Claim(consumer, message, server.Now, lease, maxAttempts, token);

    private string NewToken() => entropy.NewGuid().ToString("N");
}
