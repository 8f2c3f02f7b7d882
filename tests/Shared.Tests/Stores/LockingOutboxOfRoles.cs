using Relaybox.Outbox;
using Relaybox.Postgres;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>An outbox of three users, whose relay can lock rows.</summary>
internal sealed class LockingOutboxOfRoles(IOutboxRepository writer, PostgresOutboxRepository relay, PostgresOutboxRepository cleaner)
    : OutboxOfRoles<PostgresOutboxRepository>(writer, relay, cleaner), ILockingOutbox
{
    public Task<ILockedRows> LockAsync(ClaimLimit limit, TimeSpan longest, CancellationToken cancellationToken) =>
        Relay.LockAsync(limit, longest, cancellationToken);
}
