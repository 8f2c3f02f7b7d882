using Relaybox.Inbox;
using Relaybox.Maintenance;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>One inbox through two users: who consumes, and who cleans up.</summary>
internal sealed class InboxOfRoles(IInboxRepository consumer, IInboxRepository cleaner) : IInboxRepository
{
    public Task<IReadOnlyList<InboxClaim>> ClaimAsync(
        string consumerName, IReadOnlyList<InboxMessage> messages, TimeSpan lease, int maxAttempts, CancellationToken cancellationToken) =>
        consumer.ClaimAsync(consumerName, messages, lease, maxAttempts, cancellationToken);

    public Task<bool> RenewAsync(InboxClaim.Claimed claim, TimeSpan lease, CancellationToken cancellationToken) =>
        consumer.RenewAsync(claim, lease, cancellationToken);

    public Task<bool> StartAsync(InboxClaim.Claimed claim, TimeSpan lease, CancellationToken cancellationToken) =>
        consumer.StartAsync(claim, lease, cancellationToken);

    public Task<IInboxTransaction> BeginAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken) =>
        consumer.BeginAsync(claim, cancellationToken);

    public Task<bool> MarkProcessedAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken) =>
        consumer.MarkProcessedAsync(claim, cancellationToken);

    public Task<IReadOnlyList<bool>> TryMarkProcessedAsync(
        IReadOnlyList<InboxClaim.Claimed> claims, CancellationToken cancellationToken) =>
        consumer.TryMarkProcessedAsync(claims, cancellationToken);

    public Task<bool> MarkFailedAsync(
        InboxClaim.Claimed claim, string errorCode, string errorMessage, CancellationToken cancellationToken) =>
        consumer.MarkFailedAsync(claim, errorCode, errorMessage, cancellationToken);

    public Task<bool> ReleaseAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken) =>
        consumer.ReleaseAsync(claim, cancellationToken);

    public Task<InboxRecord?> FindAsync(string consumerName, string eventId, CancellationToken cancellationToken) =>
        consumer.FindAsync(consumerName, eventId, cancellationToken);

    public Task<bool> IsProcessedAsync(string consumerName, string eventId, CancellationToken cancellationToken) =>
        consumer.IsProcessedAsync(consumerName, eventId, cancellationToken);

    public Task<MaintenancePage> CleanupAsync(TimeSpan retention, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        cleaner.CleanupAsync(retention, cursor, pageSize, cancellationToken);

    public Task<MaintenancePage> ResetStaleAsync(TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        cleaner.ResetStaleAsync(age, cursor, pageSize, cancellationToken);

    public Task<IReadOnlyDictionary<string, long>> GetCountByStatusAsync(CancellationToken cancellationToken) =>
        consumer.GetCountByStatusAsync(cancellationToken);
}
