using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Paging;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>One outbox through three users: who writes rows, who relays them, and who cleans up.</summary>
/// <typeparam name="TOutbox">The store's outbox.</typeparam>
internal class OutboxOfRoles<TOutbox>(IOutboxRepository writer, TOutbox relay, TOutbox cleaner) : IOutboxRepository
    where TOutbox : IOutboxRepository
{
    /// <summary>The outbox of the user who relays.</summary>
    public TOutbox Relay => relay;

    public bool KeepsOrder => relay.KeepsOrder;

    public Task<FoundOrCreated> FindOrCreateAsync(OutboxEvent outboxEvent, CancellationToken cancellationToken) =>
        writer.FindOrCreateAsync(outboxEvent, cancellationToken);

    public Task<OutboxRow?> FindAsync(string eventId, CancellationToken cancellationToken) => relay.FindAsync(eventId, cancellationToken);

    public Task<IReadOnlyList<OutboxRow>> FindPendingAsync(int limit, CancellationToken cancellationToken) =>
        relay.FindPendingAsync(limit, cancellationToken);

    public Task<IReadOnlyList<OutboxClaim>> ClaimAsync(ClaimLimit limit, TimeSpan lease, CancellationToken cancellationToken) =>
        relay.ClaimAsync(limit, lease, cancellationToken);

    public Task<OutboxClaim?> MarkAsPublishingAsync(string eventId, TimeSpan lease, CancellationToken cancellationToken) =>
        relay.MarkAsPublishingAsync(eventId, lease, cancellationToken);

    public Task<MarkResult> MarkSentAsync(IReadOnlyList<OutboxMark> marks, CancellationToken cancellationToken) =>
        relay.MarkSentAsync(marks, cancellationToken);

    public Task<MarkResult> RetryAsync(IReadOnlyList<RetryMark> marks, CancellationToken cancellationToken) =>
        relay.RetryAsync(marks, cancellationToken);

    public Task<MarkResult> ParkAsync(IReadOnlyList<ParkMark> marks, CancellationToken cancellationToken) =>
        relay.ParkAsync(marks, cancellationToken);

    public Task<MaintenancePage> CleanupAsync(
        TimeSpan sentRetention, TimeSpan? failedRetention, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        cleaner.CleanupAsync(sentRetention, failedRetention, cursor, pageSize, cancellationToken);

    public Task<MaintenancePage> ResetStaleAsync(TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        cleaner.ResetStaleAsync(age, cursor, pageSize, cancellationToken);

    public Task<ReconcilePage> ReconcileAsync(TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        cleaner.ReconcileAsync(age, cursor, pageSize, cancellationToken);

    public Task<IReadOnlyDictionary<string, long>> GetCountByStatusAsync(CancellationToken cancellationToken) =>
        relay.GetCountByStatusAsync(cancellationToken);

    public Task<TimeSpan> OldestDueAgeAsync(CancellationToken cancellationToken) => relay.OldestDueAgeAsync(cancellationToken);
}
