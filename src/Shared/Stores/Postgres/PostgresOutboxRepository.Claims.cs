using Npgsql;
using Relaybox.Outbox;

namespace Relaybox.Stores.Postgres;

// Claiming: one statement finds, locks and takes. Whoever waits for nobody never waits for a slow relay.
public sealed partial class PostgresOutboxRepository
{
    private const int KeysOfAClaim = 1000;
    private const int RowsOfAKey = 50;
    private const int WindowsOfAClaim = 64;

    private readonly OutboxClaimSql _claims;
    private readonly double _random;
    private string? _fromKey;
    private int _claimCount;
    private volatile bool _hasOthers;

    /// <inheritdoc />
    public async Task<IReadOnlyList<OutboxClaim>> ClaimAsync(int limit, TimeSpan lease, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        var claims = new List<OutboxClaim>();
        if (!_hasOthers)
        {
            // Other rows than plain ones are the exception, and finding them costs more than finding plain ones.
            (var plain, _hasOthers) = await ClaimPlainAsync(limit, lease, cancellationToken);
            if (!_hasOthers || plain.Count >= limit)
            {
                return plain;
            }

            claims.AddRange(plain);
        }

        try
        {
            claims.AddRange(await ClaimAnyAsync(limit - claims.Count, lease, cancellationToken));
        }
        catch (Exception e) when (claims.Count > 0 && PostgresFaults.IsTransient(e))
        {
            // What was claimed is not given up.
        }

        _hasOthers = claims.Exists(claim => claim.OrderingKey is not null);
        return InOrder(claims);
    }

    private async Task<List<OutboxClaim>> ClaimAnyAsync(int limit, TimeSpan lease, CancellationToken cancellationToken)
    {
        var claims = new List<OutboxClaim>();
        var from = FirstKey();
        var isWholeCircle = from.Length == 0;
        for (var window = 1; ; window++)
        {
            string? lastKey;
            try
            {
                (var found, lastKey) = await ClaimWindowAsync(limit - claims.Count, lease, from, cancellationToken);
                claims.AddRange(found);
            }
            catch (Exception e) when (claims.Count > 0 && PostgresFaults.IsTransient(e))
            {
                // What an earlier window claimed is not given up.
                return claims;
            }

            _fromKey = from = lastKey is null ? "" : After(lastKey);
            var isAtTheEnd = lastKey is null && isWholeCircle;
            if (isAtTheEnd || claims.Count >= limit || (claims.Count > 0 && lastKey is not null) || window == WindowsOfAClaim)
            {
                return claims;
            }

            // Nothing here, or not enough before the last key: what is left may be among the keys not looked at yet.
            isWholeCircle |= lastKey is null;
        }
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

    private Task<(IReadOnlyList<OutboxClaim> Claims, bool HasOthers)> ClaimPlainAsync(int limit, TimeSpan lease, CancellationToken cancellationToken)
    {
        var token = NewToken();
        return _faults.RepeatAsync<(IReadOnlyList<OutboxClaim>, bool)>(
            async (attempt, ct) =>
            {
                if (attempt > 1 && await FindClaimedAsync(token, ct) is { Count: > 0 } ours)
                {
                    return (ours, false);
                }

                await using var connection = await _connections.OpenConnectionAsync(ct);
                await using var command = new NpgsqlCommand(_claims.ClaimPlain, connection);
                command.Parameters.Add(Parameters.Long(limit));
                command.Parameters.Add(Parameters.Text(token));
                command.Parameters.Add(Parameters.Interval(lease));
                var hasOthers = false;
                var rows = await command.ReadCommittedAsync(
                    row =>
                    {
                        hasOthers = row.GetBoolean(LastKeyColumn);
                        return row.IsDBNull(0) ? null : OutboxRecord.ReadClaim(row);
                    },
                    ct);
                return (InOrder([.. rows.OfType<OutboxClaim>()]), hasOthers);
            },
            cancellationToken);
    }

    private Task<(IReadOnlyList<OutboxClaim> Claims, string? LastKey)> ClaimWindowAsync(
        int limit, TimeSpan lease, string from, CancellationToken cancellationToken)
    {
        var token = NewToken();

        // An odd row goes to either side in turn, so that a limit of one starves neither.
        var room = (limit + (Interlocked.Increment(ref _claimCount) & 1)) / 2;
        return _faults.RepeatAsync<(IReadOnlyList<OutboxClaim>, string?)>(
            async (attempt, ct) =>
            {
                if (attempt > 1 && await FindClaimedAsync(token, ct) is { Count: > 0 } ours)
                {
                    // The claim was committed and its answer lost.
                    return (ours, from);
                }

                await using var connection = await _connections.OpenConnectionAsync(ct);
                await using var command = new NpgsqlCommand(_claims.Claim, connection);
                command.Parameters.Add(Parameters.Long(limit));
                command.Parameters.Add(Parameters.Long(room));
                command.Parameters.Add(Parameters.Text(token));
                command.Parameters.Add(Parameters.Interval(lease));
                command.Parameters.Add(Parameters.Text(from));
                command.Parameters.Add(Parameters.Integer(KeysOfAClaim));
                command.Parameters.Add(Parameters.Long(RowsOfAKey));
                var rows = await command.ReadCommittedAsync(
                    row => (Claim: row.IsDBNull(0) ? null : OutboxRecord.ReadClaim(row), LastKey: Columns.Text(row, LastKeyColumn)), ct);
                return (InOrder([.. rows.Select(row => row.Claim).OfType<OutboxClaim>()]), rows[0].LastKey);
            },
            cancellationToken);
    }

    private async Task<IReadOnlyList<OutboxClaim>> FindClaimedAsync(string token, CancellationToken cancellationToken)
    {
        await using var connection = await _connections.OpenConnectionAsync(cancellationToken);
        await using var command = new NpgsqlCommand(_claims.FindClaimed, connection);
        command.Parameters.Add(Parameters.Text(token));
        return InOrder(await command.ReadCommittedAsync(OutboxRecord.ReadClaim, cancellationToken));
    }

    // RETURNING has no order of its own, and the order of the numbers is that of each key.
    private static List<OutboxClaim> InOrder(List<OutboxClaim> claims)
    {
        claims.Sort((a, b) => a.Token.RowKey.CompareTo(b.Token.RowKey));
        return claims;
    }

    private const int LastKeyColumn = 11;

    private string NewToken() => _entropy.NewGuid().ToString("N");

    // A new process begins anywhere: if all began with the first key, the last ones could wait for ever.
    private string FirstKey() => _fromKey ?? ((char)(' ' + (int)(_random * ('~' - ' ')))).ToString();

    // The least text beyond a key: the database's text holds no NUL, and is compared by its bytes.
    private static string After(string key) => key + '\u0001';
}
