using Npgsql;
using Relaybox.Outbox;
using Relaybox.Sql;

namespace Relaybox.Postgres;

// Claiming: one statement finds, locks and takes. It skips rows that are locked, so a slow relay holds up no other.
internal sealed partial class PostgresOutboxRepository
{
    private readonly OutboxClaimSql _claims;
    private readonly OutboxClaimSql _locks;
    private readonly OutboxClaimSearch _search;
    private readonly string _untilDue;

    // Less was locked than could have been: as likely as not nothing is left.
    private volatile bool _isProbablyEmpty = true;

    /// <inheritdoc />
    public async Task<IReadOnlyList<OutboxClaim>> ClaimAsync(ClaimLimit limit, TimeSpan lease, CancellationToken cancellationToken)
    {
        limit.Require();
        return await _search.ClaimAsync(new LeaseExecutor(_connections, _retries, _claims, NewToken, lease), _claims, limit, cancellationToken);
    }

    /// <inheritdoc />
    public async Task<ILockedRows> LockAsync(ClaimLimit limit, TimeSpan longest, CancellationToken cancellationToken)
    {
        limit.Require();
        return await _retries.RunAsync<ILockedRows>(
            async (_, ct) =>
            {
                // To ask is planned once for a session; to lock takes a transaction, whose statements are planned each time.
                if (_isProbablyEmpty && !await IsAnyDueAsync(ct))
                {
                    return NoRows.Instance;
                }

                var rows = await LockedRows.LockAsync(
                    _connections,
                    longest,
                    connection => _search.ClaimAsync(new LockExecutor(connection, EndLeasesAsync), _locks, limit, ct),
                    ct);
                _isProbablyEmpty = rows.Claims.Count < limit.Rows;
                return rows;
            },
            cancellationToken);
    }

    /// <inheritdoc />
    public Task<OutboxClaim?> MarkAsPublishingAsync(string eventId, TimeSpan lease, CancellationToken cancellationToken)
    {
        var token = NewToken();
        var limit = (ClaimLimit)1;
        return _retries.RunAsync(
            async (_, ct) =>
            {
                await using var connection = await _connections.OpenConnectionAsync(ct);
                await using var command = new NpgsqlCommand(_claims.ClaimOne, connection);
                command.Parameters.Add(Parameters.Text(eventId));
                command.Parameters.Add(Parameters.Text(token));
                command.Parameters.Add(Parameters.Interval(lease));
                command.Parameters.Add(Parameters.Long(limit.Bytes));
                return (await command.ReadCommittedAsync(row => OutboxRowReader.ReadClaim(row, limit), ct)).SingleOrDefault();
            },
            cancellationToken);
    }

    // It may be a row that nobody may take yet, behind another of its key; never none where there is one to take.
    private async Task<bool> IsAnyDueAsync(CancellationToken cancellationToken)
    {
        await using var connection = await _connections.OpenConnectionAsync(cancellationToken);
        await using var command = new NpgsqlCommand(_untilDue, connection);
        return await command.ExecuteScalarAsync(cancellationToken) is <= 0.0;
    }

    private Task EndLeasesAsync(int limit, CancellationToken cancellationToken) =>
        ExecuteAsync(_upkeep.ResetStale, TimeSpan.Zero, limit, cancellationToken);

    private string NewToken() => _entropy.NewGuid().ToString("N");
}
