using MySqlConnector;
using Relaybox.Outbox;
using Relaybox.Sql;

namespace Relaybox.MySql;

// Claiming: rows are found without being locked, then exactly these are locked and taken where they are still as they were found. Rows
// that somebody else has locked are passed by, so a slow relay holds up no other.
internal sealed partial class MySqlOutboxRepository
{
    private const int MaxRounds = 10;
    private const string KeyedToken = "key-";

    private readonly OutboxSearch _search;
    private readonly string _isClaimable;
    private int _claimCount;

    /// <inheritdoc />
    public async Task<IReadOnlyList<OutboxClaim>> ClaimAsync(ClaimLimit limit, TimeSpan lease, CancellationToken cancellationToken)
    {
        limit.Require();
        var turn = Interlocked.Increment(ref _claimCount);
        for (var round = 1; ; round++)
        {
            // Where others were quicker, what is due next is likely to be theirs as well.
            var skip = round == 1 ? 0 : (int)(_entropy.NextDouble() * 4) * limit.Rows;
            var chosen = await ChooseAsync(limit, turn, skip, cancellationToken);
            if (chosen.Count == 0 && skip == 0)
            {
                return [];
            }

            var claims = chosen.Count == 0 ? [] : await TakeAsync(chosen, limit, lease, cancellationToken);
            if (claims.Count > 0 || round == MaxRounds)
            {
                return claims;
            }
        }
    }

    /// <inheritdoc />
    public Task<OutboxClaim?> MarkAsPublishingAsync(string eventId, TimeSpan lease, CancellationToken cancellationToken)
    {
        var token = NewToken(mayHaveKeys: true);
        var limit = (ClaimLimit)1;
        return _retries.RunAsync(
            async (attempt, ct) =>
            {
                await using var connection = await _connections.OpenConnectionAsync(ct);
                return await MySqlTransactions.RunAsync(connection, async () =>
                {
                    await using var find = new MySqlCommand(
                        $"""
                        {MySqlTransactions.Begin}
                        SELECT {OutboxColumns.Claim("@token", "unfinished - IF(claim_token <=> @token, 1, 0)", limit)} FROM {_names.Outbox} o
                        WHERE event_id = @id
                            AND (status = 'pending' OR (status = 'publishing' AND (lease_until <= {_names.Now} OR claim_token = @token)))
                            AND NOT EXISTS (
                                SELECT 1 FROM {_names.Outbox} earlier WHERE earlier.held_key = o.ordering_key AND earlier.key_number < o.key_number)
                        FOR UPDATE SKIP LOCKED
                        """,
                        connection);
                    find.Parameters.AddWithValue("@token", token);
                    find.Parameters.Add(Parameters.Bytes("@id", eventId));
                    var claim = (await find.ReadCommittedAsync(row => ReadClaim(row, limit), ct)).SingleOrDefault();
                    await TakeAsync(connection, claim is null ? [] : [claim.Token.RowKey], token, lease, ct);
                    return claim;
                });
            },
            cancellationToken);
    }

    private Task<List<Candidate>> ChooseAsync(ClaimLimit limit, int turn, int skip, CancellationToken cancellationToken) => _retries.RunAsync(
        async (_, ct) =>
        {
            await using var connection = await _connections.OpenConnectionAsync(ct);
            return await _search.FindAsync(connection, limit, turn, skip, takesEnded: true, ct);
        },
        cancellationToken);

    private Task<List<OutboxClaim>> TakeAsync(List<Candidate> chosen, ClaimLimit limit, TimeSpan lease, CancellationToken cancellationToken)
    {
        // One token for all tries: what was claimed by a try whose answer was lost is ours.
        var token = NewToken(chosen.Exists(row => row.Key is not null));
        return _retries.RunAsync(
            async (attempt, ct) =>
            {
                await using var connection = await _connections.OpenConnectionAsync(ct);
                if (attempt > 1 && await FindClaimedAsync(connection, chosen, token, limit, ct) is { Count: > 0 } ours)
                {
                    return InOrder(ours, chosen);
                }

                return await MySqlTransactions.RunAsync(connection, async () =>
                {
                    await using var command = new MySqlCommand(MySqlTransactions.Begin + Lock(chosen, "@token", limit), connection);
                    command.Parameters.AddWithValue("@token", token);
                    var claims = InOrder(await command.ReadCommittedAsync(row => ReadClaim(row, limit), ct), chosen);
                    await TakeAsync(connection, claims.ConvertAll(claim => claim.Token.RowKey), token, lease, ct);
                    return claims;
                });
            },
            cancellationToken);
    }

    /// <summary>The statement that locks those of the chosen rows that are still claimable and that nobody else has locked.</summary>
    private string Lock(List<Candidate> chosen, string token, ClaimLimit limit) =>
        $"""
        SELECT {OutboxColumns.Claim(token, "unfinished", limit)} FROM {_names.OutboxByNumber}
        WHERE row_id IN ({OutboxColumns.In(chosen.Select(row => row.RowId).Order())}) AND {_isClaimable}
        ORDER BY row_id FOR UPDATE SKIP LOCKED
        """;

    /// <summary>Takes rows that this transaction has locked, and commits it.</summary>
    private async Task TakeAsync(
        MySqlConnection connection, IReadOnlyCollection<long> rowIds, string token, TimeSpan lease, CancellationToken cancellationToken)
    {
        var take = rowIds.Count == 0
            ? ""
            : $"""
            UPDATE {_names.OutboxByNumber} SET
                status = 'publishing', unfinished = unfinished + IF(claim_token <=> @token, 0, 1), claim_token = @token,
                reserve = NULL, waits = FALSE, claimed_at = {_names.Now}, lease_until = {_names.Now} + INTERVAL @lease MICROSECOND
            WHERE row_id IN ({OutboxColumns.In(rowIds)});
            """;
        await using var command = new MySqlCommand($"{take} COMMIT", connection);
        command.Parameters.AddWithValue("@token", token);
        command.Parameters.Add(Parameters.Interval("@lease", lease));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<List<OutboxClaim>> FindClaimedAsync(
        MySqlConnection connection, List<Candidate> chosen, string token, ClaimLimit limit, CancellationToken cancellationToken)
    {
        await using var command = new MySqlCommand(
            $"""
            SELECT {OutboxColumns.Claim("claim_token", "unfinished - 1", limit)} FROM {_names.OutboxByNumber}
            WHERE row_id IN ({OutboxColumns.In(chosen.Select(row => row.RowId))}) AND status = 'publishing' AND claim_token = @token
            """,
            connection);
        command.Parameters.AddWithValue("@token", token);
        return await command.ReadCommittedAsync(row => ReadClaim(row, limit), cancellationToken);
    }

    /// <summary>
    /// The claims in the order in which they were chosen. Where somebody else got a row in the middle of a key, the rows behind it are
    /// left out: they must wait.
    /// </summary>
    private static List<OutboxClaim> InOrder(List<OutboxClaim> claims, List<Candidate> chosen)
    {
        var got = claims.ToDictionary(claim => claim.Token.RowKey);
        var kept = new List<OutboxClaim>(claims.Count);
        var broken = new HashSet<OrderingKey>();
        foreach (var candidate in chosen)
        {
            if (!got.TryGetValue(candidate.RowId, out var claim))
            {
                broken.Add(candidate.Key ?? default);
            }
            else if (candidate.Key is not { } key || !broken.Contains(key))
            {
                kept.Add(claim);
            }
        }

        return kept;
    }

    // The token tells its mark whether there may be later rows to look for.
    private string NewToken(bool mayHaveKeys) => $"{(mayHaveKeys ? KeyedToken : "")}{_entropy.NewGuid():N}";

    private static bool MayHaveKey(ClaimToken token) => token.Value is not { } text || text.StartsWith(KeyedToken, StringComparison.Ordinal);
}
