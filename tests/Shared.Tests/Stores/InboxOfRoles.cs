using Relaybox.Inbox;
using Relaybox.Paging;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>One inbox through two users: who consumes, and who cleans up.</summary>
internal sealed class InboxOfRoles(IInboxRepository consumer, IInboxRepository cleaner) : PassingInbox(consumer)
{
    public override Task<MaintenancePage> CleanupAsync(
        TimeSpan processedRetention, TimeSpan failedRetention, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        cleaner.CleanupAsync(processedRetention, failedRetention, cursor, pageSize, cancellationToken);

    public override Task<MaintenancePage> ResetStaleAsync(TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        cleaner.ResetStaleAsync(age, cursor, pageSize, cancellationToken);
}
