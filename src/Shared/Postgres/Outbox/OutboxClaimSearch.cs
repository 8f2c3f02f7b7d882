using Npgsql;
using Relaybox.Outbox;
using Relaybox.Sql;

namespace Relaybox.Postgres;

/// <summary>
/// Where claims look for rows: at plain ones first, because other ones are the exception and finding them costs more; at those
/// with a key in turns, each claim going on where the last one stopped.
/// </summary>
/// <param name="random">A number from 0 to 1 that says where the turns begin.</param>
internal sealed class OutboxClaimSearch(double random)
{
    private const int KeysOfAClaim = 1000;
    private const int RowsOfAKey = 50;
    private const int WindowsOfAClaim = 64;

    // After so many claims that found no other rows, only plain ones are looked for until others are seen. One is not enough:
    // a claim begins with any key, and a small one leaves room for one kind alone.
    private const int LooksForOthers = 4;

    private string? _fromKey;
    private int _claimCount;
    private volatile int _looksForOthers = LooksForOthers;

    /// <summary>Claims what is due.</summary>
    /// <param name="executor">How a statement is carried out.</param>
    /// <param name="sql">The statements.</param>
    /// <param name="limit">The most rows and bytes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal async Task<List<OutboxClaim>> ClaimAsync(
        IClaimExecutor executor, OutboxClaimSql sql, ClaimLimit limit, CancellationToken cancellationToken)
    {
        var claims = new List<OutboxClaim>();
        if (_looksForOthers == 0)
        {
            var (plain, hasOthers) = await executor.ClaimAsync(
                sql.ClaimPlain,
                limit,
                [Parameters.Long(limit.Rows), Parameters.Long(limit.Bytes), Parameters.Integer(OutboxClaim.MaxUnfinished)],
                row => row.GetBoolean(OutboxRowReader.ClaimColumnCount),
                ifOurs: false,
                cancellationToken);
            _looksForOthers = hasOthers ? LooksForOthers : 0;
            if (!hasOthers || limit.Beside(plain) is null)
            {
                return InOrder(plain);
            }

            claims.AddRange(plain);
        }

        await executor.EndLeasesAsync(limit.Rows, cancellationToken);
        await ClaimAnyAsync(claims, executor, sql, limit, cancellationToken);
        _looksForOthers = claims.Exists(claim => claim.OrderingKey is not null) ? LooksForOthers : Math.Max(0, _looksForOthers - 1);
        return InOrder(claims);
    }

    // RETURNING has no order of its own, and the order of the numbers is that of each key.
    private static List<OutboxClaim> InOrder(List<OutboxClaim> claims)
    {
        claims.Sort((a, b) => a.Token.RowKey.CompareTo(b.Token.RowKey));
        return claims;
    }

    private async Task ClaimAnyAsync(
        List<OutboxClaim> claims, IClaimExecutor executor, OutboxClaimSql sql, ClaimLimit limit, CancellationToken cancellationToken)
    {
        var from = FirstKey();
        var isWholeCircle = from.Length == 0;
        var before = claims.Count;
        for (var window = 1; limit.Beside(claims) is { } left; window++)
        {
            string? lastKey;
            try
            {
                (var found, lastKey) = await ClaimWindowAsync(executor, sql, left, from, cancellationToken);
                claims.AddRange(found);
            }
            catch (Exception e) when (executor.KeepsClaims && claims.Count > 0 && PostgresFaults.IsTransient(e))
            {
                // What was claimed before is not given up.
                return;
            }

            _fromKey = from = lastKey is null ? "" : After(lastKey);
            var isAtTheEnd = lastKey is null && isWholeCircle;
            if (isAtTheEnd || (claims.Count > before && lastKey is not null) || window == WindowsOfAClaim)
            {
                return;
            }

            // Nothing here, or not enough before the last key: what is left may be among the keys not looked at yet.
            isWholeCircle |= lastKey is null;
        }
    }

    private Task<(List<OutboxClaim> Claims, string? LastKey)> ClaimWindowAsync(
        IClaimExecutor executor, OutboxClaimSql sql, ClaimLimit limit, string from, CancellationToken cancellationToken)
    {
        // An odd row goes to either side in turn, so that a limit of one starves neither.
        var room = (limit.Rows + (Interlocked.Increment(ref _claimCount) & 1)) / 2;
        NpgsqlParameter[] parameters =
        [
            Parameters.Long(limit.Rows), Parameters.Long(room), Parameters.Text(from), Parameters.Integer(KeysOfAClaim),
            Parameters.Long(RowsOfAKey), Parameters.Long(limit.Bytes),
        ];
        return executor.ClaimAsync(
            sql.Claim, limit, parameters, row => Columns.Text(row, OutboxRowReader.ClaimColumnCount), ifOurs: from, cancellationToken);
    }

    // A new process begins anywhere: if all began with the first key, the last ones could wait for ever.
    private string FirstKey() => _fromKey ?? ((char)(' ' + (int)(random * ('~' - ' ')))).ToString();

    // The least text beyond a key: the database's text holds no NUL, and is compared by its bytes.
    private static string After(string key) => key + '\u0001';
}
