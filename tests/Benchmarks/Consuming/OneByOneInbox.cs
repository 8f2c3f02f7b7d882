using Relaybox.Inbox;
using Relaybox.Maintenance;

namespace Relaybox.Benchmarks.Consuming;

/// <summary>The same inbox, with a statement of its own for each claim and each mark.</summary>
internal sealed class OneByOneInbox(IInboxRepository inner) : IInboxRepository
{
    public async Task<IReadOnlyList<InboxClaim>> ClaimAsync(
        string consumer, IReadOnlyList<InboxMessage> messages, TimeSpan lease, int maxAttempts, CancellationToken cancellationToken)
    {
        var claims = new List<InboxClaim>(messages.Count);
        foreach (var message in messages)
        {
            claims.AddRange(await inner.ClaimAsync(consumer, [message], lease, maxAttempts, cancellationToken));
        }

        return claims;
    }

    public Task<bool> RenewAsync(InboxClaim.Claimed claim, TimeSpan lease, CancellationToken cancellationToken) =>
        inner.RenewAsync(claim, lease, cancellationToken);

    public Task<bool> StartAsync(InboxClaim.Claimed claim, TimeSpan lease, CancellationToken cancellationToken) =>
        inner.StartAsync(claim, lease, cancellationToken);

    public Task<IInboxTransaction> BeginAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken) =>
        inner.BeginAsync(claim, cancellationToken);

    public Task<bool> MarkProcessedAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken) =>
        inner.MarkProcessedAsync(claim, cancellationToken);

    public Task<bool> MarkFailedAsync(InboxClaim.Claimed claim, string errorCode, string errorMessage, CancellationToken cancellationToken) =>
        inner.MarkFailedAsync(claim, errorCode, errorMessage, cancellationToken);

    public Task<bool> ReleaseAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken) =>
        inner.ReleaseAsync(claim, cancellationToken);

    public Task<InboxRecord?> FindAsync(string consumer, string eventId, CancellationToken cancellationToken) =>
        inner.FindAsync(consumer, eventId, cancellationToken);

    public Task<bool> IsProcessedAsync(string consumer, string eventId, CancellationToken cancellationToken) =>
        inner.IsProcessedAsync(consumer, eventId, cancellationToken);

    public Task<MaintenancePage> CleanupAsync(TimeSpan retention, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        inner.CleanupAsync(retention, cursor, pageSize, cancellationToken);

    public Task<MaintenancePage> ResetStaleAsync(TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        inner.ResetStaleAsync(age, cursor, pageSize, cancellationToken);

    public Task<IReadOnlyDictionary<string, long>> GetCountByStatusAsync(CancellationToken cancellationToken) =>
        inner.GetCountByStatusAsync(cancellationToken);
}
