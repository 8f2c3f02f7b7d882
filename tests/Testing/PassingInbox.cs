using Relaybox.Inbox;
using Relaybox.Paging;

namespace Relaybox.Testing;

/// <summary>Passes every call on to another inbox, for those that change a few.</summary>
/// <param name="inner">The other inbox.</param>
internal abstract class PassingInbox(IInboxRepository inner) : IInboxRepository
{
    public virtual Task<IReadOnlyList<InboxClaim>> ClaimAsync(
        string consumer, IReadOnlyList<InboxMessage> messages, TimeSpan lease, int maxAttempts, CancellationToken cancellationToken) =>
        inner.ClaimAsync(consumer, messages, lease, maxAttempts, cancellationToken);

    public virtual Task<bool> RenewAsync(InboxClaim.Claimed claim, TimeSpan lease, CancellationToken cancellationToken) =>
        inner.RenewAsync(claim, lease, cancellationToken);

    public virtual Task<bool> StartAsync(InboxClaim.Claimed claim, TimeSpan lease, CancellationToken cancellationToken) =>
        inner.StartAsync(claim, lease, cancellationToken);

    public virtual Task<IInboxTransaction> BeginAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken) =>
        inner.BeginAsync(claim, cancellationToken);

    public virtual Task<bool> MarkProcessedAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken) =>
        inner.MarkProcessedAsync(claim, cancellationToken);

    public virtual Task<IReadOnlyList<bool>> TryMarkProcessedAsync(
        IReadOnlyList<InboxClaim.Claimed> claims, CancellationToken cancellationToken) =>
        inner.TryMarkProcessedAsync(claims, cancellationToken);

    public virtual Task<bool> EndAttemptAsync(
        InboxClaim.Claimed claim, int deliveries, string errorCode, string errorMessage, CancellationToken cancellationToken) =>
        inner.EndAttemptAsync(claim, deliveries, errorCode, errorMessage, cancellationToken);

    public virtual Task<InboxRecord?> FindAsync(InboxKey key, CancellationToken cancellationToken) => inner.FindAsync(key, cancellationToken);

    public virtual Task<MaintenancePage> CleanupAsync(
        TimeSpan processedRetention, TimeSpan failedRetention, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        inner.CleanupAsync(processedRetention, failedRetention, cursor, pageSize, cancellationToken);

    public virtual Task<MaintenancePage> ResetStaleAsync(TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        inner.ResetStaleAsync(age, cursor, pageSize, cancellationToken);

    public virtual Task<IReadOnlyDictionary<string, long>> GetCountByStatusAsync(CancellationToken cancellationToken) =>
        inner.GetCountByStatusAsync(cancellationToken);
}
