using Npgsql;
using Relaybox.Outbox;

namespace Relaybox.Stores.Postgres;

// Claiming: one statement finds, locks and takes. Whoever waits for nobody never waits for a slow relay.
public sealed partial class PostgresOutboxRepository
{
    private readonly OutboxClaimSql _claims;
    private readonly OutboxClaimSql _locks;
    private readonly OutboxClaimSearch _search;

    /// <inheritdoc />
    public async Task<IReadOnlyList<OutboxClaim>> ClaimAsync(int limit, TimeSpan lease, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return await _search.ClaimAsync(new LeaseExecutor(_connections, _faults, _claims, NewToken, lease), _claims, limit, cancellationToken);
    }

    /// <inheritdoc />
    public async Task<ILockedRows> LockAsync(int limit, TimeSpan longest, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return await _faults.RepeatAsync(
            (_, ct) => LockedRows.LockAsync(
                _connections,
                longest,
                connection => _search.ClaimAsync(new LockExecutor(connection, NewToken(), EndLeasesAsync), _locks, limit, ct),
                ct),
            cancellationToken);
    }

    /// <inheritdoc />
    public Task<OutboxClaim?> MarkAsPublishingAsync(string eventId, TimeSpan lease, CancellationToken cancellationToken)
    {
        var token = NewToken();
        return _faults.RepeatAsync(
            async (_, ct) =>
            {
                await using var connection = await _connections.OpenConnectionAsync(ct);
                await using var command = new NpgsqlCommand(_claims.ClaimOne, connection);
                command.Parameters.Add(Parameters.Text(eventId));
                command.Parameters.Add(Parameters.Text(token));
                command.Parameters.Add(Parameters.Interval(lease));
                return (await command.ReadCommittedAsync(OutboxRecord.ReadClaim, ct)).SingleOrDefault();
            },
            cancellationToken);
    }

    private Task EndLeasesAsync(int limit, CancellationToken cancellationToken) =>
        ExecuteAsync(_upkeep.ResetStale, TimeSpan.Zero, limit, cancellationToken);

    private string NewToken() => _entropy.NewGuid().ToString("N");
}
