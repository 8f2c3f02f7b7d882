using MySqlConnector;
using Relaybox.Outbox;
using Relaybox.Sql;

namespace Relaybox.MySql;

// Locking: the rows of a claim, which stay locked and are marked as sent in a transaction that is left open.
internal sealed partial class MySqlOutboxRepository
{
    /// <inheritdoc />
    public async Task<ILockedRows> LockAsync(ClaimLimit limit, TimeSpan longest, CancellationToken cancellationToken)
    {
        limit.Require();
        var turn = Interlocked.Increment(ref _claimCount);
        for (var round = 1; round <= MaxRounds; round++)
        {
            var skip = round == 1 ? 0 : (int)(_entropy.NextDouble() * 4) * limit.Rows;
            var (isEmpty, rows) = await _retries.RunAsync((_, ct) => LockOnceAsync(limit, longest, turn, skip, ct), cancellationToken);
            if (rows is not null || (isEmpty && skip == 0))
            {
                return rows ?? NoRows.Instance;
            }
        }

        return NoRows.Instance;
    }

    private async Task<(bool IsEmpty, ILockedRows? Rows)> LockOnceAsync(
        ClaimLimit limit, TimeSpan longest, int turn, int skip, CancellationToken cancellationToken)
    {
        // A row that is only locked keeps its state if it is let go; so an ended claim of it has to be ended first.
        await EndLeasesAsync(TimeSpan.Zero, limit.Rows, cancellationToken);
        var connection = await _connections.OpenConnectionAsync(cancellationToken);
        ILockedRows? rows = null;
        try
        {
            var chosen = await _search.FindAsync(connection, limit, turn, skip, takesEnded: false, cancellationToken);
            if (chosen.Count > 0)
            {
                rows = await MySqlTransactions.RunAsync(connection, () => LockAsync(connection, chosen, limit, longest, cancellationToken));
            }

            return (chosen.Count == 0, rows);
        }
        finally
        {
            if (rows is null)
            {
                await connection.DisposeAsync();
            }
        }
    }

    private async Task<ILockedRows?> LockAsync(
        MySqlConnection connection, List<Candidate> chosen, ClaimLimit limit, TimeSpan longest, CancellationToken cancellationToken)
    {
        List<OutboxClaim> claims;
        while (true)
        {
            await using var find = new MySqlCommand(
                $"{LockedRows.LimitSilence(longest)}{MySqlTransactions.Begin}{Lock(chosen, "NULL", limit)}", connection);
            var locked = await find.ReadCommittedAsync(row => ReadClaim(row, limit), cancellationToken);
            claims = InOrder(locked, chosen);
            if (claims.Count == locked.Count && claims.Count > 0)
            {
                break;
            }

            // Rows that must wait for one that somebody else has locked would stay locked as well, for as long as the broker takes.
            await MySqlTransactions.RollBackAsync(connection, LockedRows.ResetSilence);
            if (claims.Count == 0)
            {
                return null;
            }

            var kept = claims.Select(claim => claim.Token.RowKey).ToHashSet();
            chosen = chosen.FindAll(row => kept.Contains(row.RowId));
        }

        var ids = claims.Select(claim => claim.Token.RowKey).Order().ToList();
        var keys = KeysOf(claims, chosen);
        var send = _afterSending == AfterSending.Delete
            ? Delete(ids)
            : $"UPDATE {_names.Outbox} o FORCE INDEX (PRIMARY) SET {_marks.SentUnderLock} WHERE o.row_id IN ({OutboxColumns.In(ids)})";
        await using var command = new MySqlCommand($"{send}; {(keys.Count == 0 ? "" : FindNext(keys))}", connection);
        AddKeys(command.Parameters, keys);
        if (await command.ReadCommittedAsync(row => row.GetInt64(0), cancellationToken) is { Count: > 0 } next)
        {
            await using var wake = new MySqlCommand(_search.Wake(next), connection);
            await wake.ExecuteNonQueryAsync(cancellationToken);
        }

        return new LockedRows(connection, claims);
    }

    private static List<OrderingKey> KeysOf(List<OutboxClaim> claims, List<Candidate> chosen)
    {
        var claimed = claims.Select(claim => claim.Token.RowKey).ToHashSet();
        return [.. chosen.Where(row => claimed.Contains(row.RowId)).Select(row => row.Key).OfType<OrderingKey>().Distinct()];
    }
}
