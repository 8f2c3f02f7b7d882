using System.Globalization;
using Relaybox.Outbox;
using StackExchange.Redis;

namespace Relaybox.Redis;

// Claiming: rows are found without being held, then those of them are taken that still can be.
internal sealed partial class RedisOutboxRepository
{
    /// <summary>The most rows of one key in one claim.</summary>
    private const int RowsOfAKey = 50;

    private const double None = -1;
    private const double Any = 2;
    private const double Inexactness = 1 + 1e-6;

    private static readonly RedisScript Find = RedisScript.Load("outbox_find");
    private static readonly RedisScript Claim = RedisScript.Load("outbox_claim");

    private int _claimCount;

    // Rows of some bucket did not fit beside those that others had given already.
    private volatile bool _isWeighing;

    /// <inheritdoc />
    public Task<IReadOnlyList<OutboxClaim>> ClaimAsync(ClaimLimit limit, TimeSpan lease, CancellationToken cancellationToken)
    {
        limit.Require();
        var turn = Interlocked.Increment(ref _claimCount);
        return ClaimRounds.RunAsync(
            limit,
            _entropy,
            skip => FindAsync(limit.Rows, skip, cancellationToken),
            found => TakeAsync(found, limit, lease, turn, cancellationToken));
    }

    /// <inheritdoc />
    public Task<OutboxClaim?> MarkAsPublishingAsync(string eventId, TimeSpan lease, CancellationToken cancellationToken)
    {
        var limit = (ClaimLimit)1;
        var token = NewToken();
        return _calls.RunAsync(
            async database =>
            {
                var bucket = await FindBucketAsync(database, eventId);
                var (claims, _) = await ClaimAsync(database, bucket, [(eventId, RedisValue.EmptyString)], token, limit, lease, Any, isEarly: true);
                return claims.Select(claim => claim.Claim).SingleOrDefault();
            },
            cancellationToken);
    }

    private async Task<List<Candidate>> FindAsync(int rows, int skip, CancellationToken cancellationToken)
    {
        var found = (await _calls.RunAsync(
            async database => await Task.WhenAll(_buckets.Select(async bucket => Candidate.Read(
                bucket,
                await Find.RunAsync(
                    database,
                    new ScriptArguments(bucket.Keys(), RedisSchema.Version, _options.Buckets, skip, Math.Max(rows, 2), RowsOfAKey))).ToList())),
            cancellationToken)).SelectMany(candidates => candidates).ToList();

        // Their time comes when the row before them is sent; until then no claim should find them again.
        foreach (var strays in found.Where(candidate => candidate.Kind == CandidateKind.Stray).GroupBy(candidate => candidate.Bucket))
        {
            await ResetAsync(strays.Key, [.. strays.Select(stray => stray.Member)], TimeSpan.Zero, cancellationToken);
        }

        found.RemoveAll(candidate => candidate.Kind == CandidateKind.Stray);
        return found;
    }

    private async Task<List<OutboxClaim>> TakeAsync(
        List<Candidate> found, ClaimLimit limit, TimeSpan lease, int turn, CancellationToken cancellationToken)
    {
        // One token for all tries: what was claimed by a try whose answer was lost is ours.
        var token = NewToken();
        var keyed = found.Where(row => row.IsKeyed).OrderBy(row => row.Index).ThenBy(row => row.Since).ToList();
        var others = found.Where(row => !row.IsKeyed).OrderBy(row => row.Since).ToLookup(row => row.Kind);
        IReadOnlyList<Candidate>[] kinds = [keyed, [.. others[CandidateKind.Due]], [.. others[CandidateKind.Ended]]];

        var chosen = ClaimTurns.Choose(kinds, limit, turn, _ => (0, 0));
        var isWeighing = _isWeighing;
        var (claims, weights) = await TakeAsync(
            chosen, token, limit, lease, count => isWeighing ? None : (double)count / chosen.Count * Inexactness, cancellationToken);
        if (weights.Count == 0)
        {
            _isWeighing = false;
            return claims;
        }

        // They are too large to be taken together, or under suspicion: which of them fit is to be seen from all buckets.
        chosen = ClaimTurns.Choose(
            [.. kinds.Select(kind => kind.Where(weights.ContainsKey).ToList())], limit, turn, candidate => weights[candidate]);
        if (claims.Count > 0)
        {
            var cost = claims.Sum(claim => limit.CostOf(claim.Bytes, claim.Unfinished));
            chosen = [.. chosen.TakeWhile(row => ClaimLimit.Fits(cost += limit.CostOf(weights[row].Bytes, weights[row].Unfinished)))];
        }

        // Where none fits beside the others, the next claim weighs all of them first: it may be such a row's turn.
        _isWeighing = chosen.Count == 0;
        return chosen.Count == 0 ? claims : [.. claims, .. (await TakeAsync(chosen, token, limit, lease, _ => Any, cancellationToken)).Claims];
    }

    private async Task<(List<OutboxClaim> Claims, Dictionary<Candidate, (long Bytes, int Unfinished)> Weights)> TakeAsync(
        List<Candidate> chosen, string token, ClaimLimit limit, TimeSpan lease, Func<int, double> budget, CancellationToken cancellationToken)
    {
        var claims = new List<(int Place, OutboxClaim Claim)>();
        var weights = new Dictionary<Candidate, (long, int)>();
        var answers = await Task.WhenAll(chosen.Index().GroupBy(row => row.Item.Bucket).Select(async group =>
        {
            var rows = group.ToList();
            return (Rows: rows, Answer: await _calls.RunAsync(
                database => ClaimAsync(
                    database, group.Key, rows.ConvertAll(row => (row.Item.EventId, row.Item.Member)), token, limit, lease, budget(rows.Count)),
                cancellationToken));
        }));
        foreach (var (rows, answer) in answers)
        {
            claims.AddRange(answer.Claims.Select(claim => (rows[claim.Place].Index, claim.Claim)));
            foreach (var (place, bytes, unfinished) in answer.Weights)
            {
                weights[rows[place].Item] = (bytes, unfinished);
            }
        }

        return ([.. claims.OrderBy(claim => claim.Place).Select(claim => claim.Claim)], weights);
    }

    private async Task<(List<(int Place, OutboxClaim Claim)> Claims, List<(int Place, long Bytes, int Unfinished)> Weights)> ClaimAsync(
        IDatabase database,
        Bucket bucket,
        IReadOnlyList<(string EventId, RedisValue Member)> rows,
        string token,
        ClaimLimit limit,
        TimeSpan lease,
        double budget,
        bool isEarly = false)
    {
        var arguments = new ScriptArguments(
            bucket.Keys(), RedisSchema.Version, _options.Buckets, token, (long)lease.TotalMilliseconds, Number(1.0 / limit.Rows), limit.Bytes,
            Number(budget), OutboxClaim.MaxUnfinished, isEarly ? 1 : 0);
        foreach (var (eventId, member) in rows)
        {
            arguments.AddKey(bucket.Row(eventId));
            arguments.Add(eventId);
            arguments.Add(member);
        }

        var answer = (RedisResult[])(await Claim.RunAsync(database, arguments))!;
        var found = (RedisResult[])answer[1]!;
        return (string?)answer[0] == "weights"
            ? ([], [.. found.Select(row => ((int)row[0], (long)row[1], (int)row[2]))])
            : ([.. found.Select(row => ((int)row[0], ReadClaim((RedisResult[])row!)))], []);

        OutboxClaim ReadClaim(RedisResult[] row) => OutboxReading.ReadClaim(bucket, rows[(int)row[0]].EventId, token, limit, row);
    }

    private static string Number(double number) => number.ToString("R", CultureInfo.InvariantCulture);
}
