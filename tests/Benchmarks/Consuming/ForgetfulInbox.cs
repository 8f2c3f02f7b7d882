using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Paging;

namespace Relaybox.Benchmarks.Consuming;

/// <summary>An inbox that has seen no message before, and remembers none.</summary>
internal sealed class ForgetfulInbox : IInboxRepository
{
    public Task<IReadOnlyList<InboxClaim>> ClaimAsync(
        string consumer, IReadOnlyList<InboxMessage> messages, TimeSpan lease, int maxAttempts, CancellationToken cancellationToken)
    {
        var claims = new InboxClaim[messages.Count];
        for (var i = 0; i < claims.Length; i++)
        {
            // Every store writes it into the record.
            _ = messages[i].PayloadHash;
            claims[i] = new InboxClaim.Claimed(new InboxKey(consumer, messages[i].Event.EventId), "token", 1);
        }

        return Task.FromResult<IReadOnlyList<InboxClaim>>(claims);
    }

    public Task<bool> RenewAsync(InboxClaim.Claimed claim, TimeSpan lease, CancellationToken cancellationToken) => Task.FromResult(true);

    public Task<bool> StartAsync(InboxClaim.Claimed claim, TimeSpan lease, CancellationToken cancellationToken) => Task.FromResult(true);

    public Task<IInboxTransaction> BeginAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken) =>
        Task.FromResult<IInboxTransaction>(new Transaction());

    public Task<bool> MarkProcessedAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken) => Task.FromResult(true);

    public Task<bool> EndAttemptAsync(
        InboxClaim.Claimed claim, int deliveries, string errorCode, string errorMessage, CancellationToken cancellationToken) =>
        throw new InvalidOperationException($"A message failed: {errorMessage}");

    public Task<InboxRecord?> FindAsync(InboxKey key, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<MaintenancePage> CleanupAsync(
        TimeSpan processedRetention, TimeSpan failedRetention, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<MaintenancePage> ResetStaleAsync(TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<IReadOnlyDictionary<string, long>> GetCountByStatusAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    private sealed class Transaction : IInboxTransaction
    {
        public void Emit(OutboxEvent outboxEvent)
        {
        }

        public Task<CommitOutcome> CommitAsync(CancellationToken cancellationToken) => Task.FromResult(CommitOutcome.Committed);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
