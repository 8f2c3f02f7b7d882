using Npgsql;
using Relaybox.Outbox;
using Relaybox.Sql;

namespace Relaybox.Postgres;

/// <summary>
/// Where claims look for rows: at plain ones first, because other ones are the exception and finding them costs more. Keyed ones are looked for
/// in two circles in turn, each going on where the last claim stopped: one passes over the keys that only wait, the other over the rows of a
/// key that is held back. Each comes to every key that can be relayed, so that the one which is through first has found them all. A claim
/// begins with the circle that did so last, and looks at ever more of both, so that it does at most a few times the work of the better one.
/// </summary>
/// <param name="random">A number from 0 to 1 that says where the circle of keys begins.</param>
internal sealed class OutboxClaimSearch(double random)
{
    private const int FirstLooks = 1000;
    private const int FirstLooksOfTheOther = 125;
    private const int MostLooks = 8000;
    private const int RowsOfAKey = 50;
    private const int WindowsOfAClaim = 24;

    private readonly Circle _byTime = new(sql => sql.ClaimByTime, "");

    // A new process begins anywhere: if all began with the first key, the last ones could wait for ever.
    private readonly Circle _byKey = new(sql => sql.ClaimByKey, ((char)(' ' + (int)(random * ('~' - ' ')))).ToString());

    private int _windowCount;
    private volatile bool _prefersKeys;
    private volatile bool _hasTakenKeyed;
    private volatile bool _looksForOthers = true;

    /// <summary>Claims what is due.</summary>
    /// <param name="executor">How a statement is carried out.</param>
    /// <param name="sql">The statements.</param>
    /// <param name="limit">The most rows and bytes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal async Task<List<OutboxClaim>> ClaimAsync(
        IClaimExecutor executor, OutboxClaimSql sql, ClaimLimit limit, CancellationToken cancellationToken)
    {
        if (!_looksForOthers)
        {
            var (plain, hasOthers) = await executor.ClaimAsync(
                sql.ClaimPlain,
                limit,
                [Parameters.Long(limit.Rows), Parameters.Long(limit.Bytes), Parameters.Integer(OutboxClaim.MaxUnfinished)],
                row => row.GetBoolean(OutboxRowReader.ClaimColumnCount),
                ifOurs: false,
                cancellationToken);

            // Those that are found need not wait until others are: the next claim looks for these.
            _looksForOthers = hasOthers;
            if (!hasOthers || plain.Count > 0)
            {
                return InOrder(plain);
            }
        }

        await executor.EndLeasesAsync(limit.Rows, cancellationToken);

        // Beside rows of keys that are being relayed there is seldom more to find, and a relay that leases rows asks once more when it has
        // recorded them.
        var windows = _hasTakenKeyed && executor.KeepsClaims ? 1 : WindowsOfAClaim;
        var (claims, hasSeenAll) = await ClaimAnyAsync(executor, sql, limit, windows, cancellationToken);
        _hasTakenKeyed = claims.Exists(claim => claim.OrderingKey is not null);
        _looksForOthers = _hasTakenKeyed || !hasSeenAll;
        return InOrder(claims);
    }

    // RETURNING has no order of its own, and the order of the numbers is that of each key.
    private static List<OutboxClaim> InOrder(List<OutboxClaim> claims)
    {
        claims.Sort((a, b) => a.Token.RowKey.CompareTo(b.Token.RowKey));
        return claims;
    }

    private async Task<(List<OutboxClaim> Claims, bool HasSeenAll)> ClaimAnyAsync(
        IClaimExecutor executor, OutboxClaimSql sql, ClaimLimit limit, int windows, CancellationToken cancellationToken)
    {
        var claims = new List<OutboxClaim>();
        var (round, other) = (new Round(_byTime, FirstLooks), new Round(_byKey, FirstLooksOfTheOther));
        if (_prefersKeys)
        {
            (round, other) = (new Round(_byKey, FirstLooks), new Round(_byTime, FirstLooksOfTheOther));
        }

        for (var window = 0; window < windows && limit.Beside(claims) is { } left; window++)
        {
            try
            {
                claims.AddRange(await ClaimWindowAsync(executor, sql, left, round, cancellationToken));
            }
            catch (Exception e) when (executor.KeepsClaims && claims.Count > 0 && PostgresFaults.IsTransient(e))
            {
                // What was claimed before is not given up.
                break;
            }

            if (round.IsThrough || (claims.Count > 0 && !round.IsAtTheEnd))
            {
                _prefersKeys = round.Circle == _byKey;
                return (claims, round.IsThrough);
            }

            // From its end a circle first goes on to its beginning.
            (round, other) = round.IsAtTheEnd ? (round, other) : (other, round);
        }

        return (claims, false);
    }

    private async Task<List<OutboxClaim>> ClaimWindowAsync(
        IClaimExecutor executor, OutboxClaimSql sql, ClaimLimit limit, Round round, CancellationToken cancellationToken)
    {
        // An odd row goes to either side in turn, so that a limit of one starves neither.
        var room = (limit.Rows + (Interlocked.Increment(ref _windowCount) & 1)) / 2;
        var place = round.Place;
        NpgsqlParameter[] parameters =
        [
            Parameters.Long(limit.Rows), Parameters.Long(room), Parameters.Text(place), Parameters.Integer(round.Looks),
            Parameters.Long(RowsOfAKey), Parameters.Long(limit.Bytes),
        ];
        var (claims, next) = await executor.ClaimAsync(
            round.Circle.Sql(sql), limit, parameters, row => Columns.Text(row, OutboxRowReader.ClaimColumnCount), ifOurs: place, cancellationToken);
        round.GoOn(next);
        return claims;
    }

    /// <summary>An order in which windows come to all keys, and the place where the next one begins; empty: the first.</summary>
    private sealed class Circle(Func<OutboxClaimSql, string> sql, string place)
    {
        public Func<OutboxClaimSql, string> Sql => sql;

        public string Place { get; set; } = place;
    }

    /// <summary>How far one claim has come in a circle.</summary>
    private sealed class Round(Circle circle, int looks)
    {
        private bool _hasBegunAtTheFirst = circle.Place.Length == 0;

        public Circle Circle => circle;

        /// <summary>Where the next window begins. Another claim may be elsewhere in the circle.</summary>
        public string Place { get; private set; } = circle.Place;

        /// <summary>How many rows or keys the next window looks at.</summary>
        public int Looks { get; private set; } = looks;

        /// <summary>Whether the last window was the last one of the circle.</summary>
        public bool IsAtTheEnd { get; private set; }

        /// <summary>Whether every key was come to.</summary>
        public bool IsThrough { get; private set; }

        /// <summary>Goes on with the next place; null: with the first again.</summary>
        public void GoOn(string? next)
        {
            IsAtTheEnd = next is null;
            IsThrough = IsAtTheEnd && _hasBegunAtTheFirst;
            _hasBegunAtTheFirst |= IsAtTheEnd;
            Looks = Math.Min(2 * Looks, MostLooks);
            circle.Place = Place = next ?? "";
        }
    }
}
