using MySqlConnector;
using Relaybox.Diagnostics;
using Relaybox.Outbox;
using Relaybox.Sql;

namespace Relaybox.MySql;

// Recording outcomes: one transaction a batch, unless its statement would be larger than the server takes. A claimed row changes only
// under its token.
internal sealed partial class MySqlOutboxRepository
{
    private readonly OutboxMarks _marks;

    /// <summary>Applies marks in a transaction, and commits it.</summary>
    /// <returns>Null where every mark has changed its row now; otherwise the places of those of which that is known.</returns>
    private delegate Task<HashSet<int>?> Apply(MySqlConnection connection, MarkTable table, bool mayHaveKeys, CancellationToken cancellationToken);

    /// <inheritdoc />
    public Task<MarkResult> MarkSentAsync(IReadOnlyList<OutboxMark> marks, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(marks);
        var deletes = _afterSending == AfterSending.Delete;
        return MarkAsync(
            [.. marks.Select(mark => new RetryMark(mark.EventId, mark.Token, default, default, null, null))],
            deletes
                ? (connection, table, _, ct) => DeleteAsync(connection, table, ct)
                : (connection, table, mayHaveKeys, ct) => UpdateAsync(connection, table, _marks.Sent, mayHaveKeys, ct),
            OutboxMarks.IsSent,
            isGoneWhenDone: deletes,
            cancellationToken);
    }

    /// <inheritdoc />
    public Task<MarkResult> RetryAsync(IReadOnlyList<RetryMark> marks, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(marks);
        return MarkAsync(
            marks,
            (connection, table, _, ct) => UpdateAsync(connection, table, _marks.Retry, mayHaveKeys: false, ct),
            OutboxMarks.IsRetried,
            isGoneWhenDone: false,
            cancellationToken);
    }

    /// <inheritdoc />
    public Task<MarkResult> ParkAsync(IReadOnlyList<ParkMark> marks, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(marks);
        return MarkAsync(
            [.. marks.Select(mark => new RetryMark(mark.EventId, mark.Token, mark.Attempts, default, mark.ErrorCode, mark.ErrorMessage))],
            (connection, table, _, ct) => UpdateAsync(connection, table, _marks.Park, mayHaveKeys: false, ct),
            OutboxMarks.IsParked,
            isGoneWhenDone: false,
            cancellationToken);
    }

    private async Task<MarkResult> MarkAsync(
        IReadOnlyList<RetryMark> marks, Apply apply, string isDone, bool isGoneWhenDone, CancellationToken cancellationToken)
    {
        RetryMark[] all = [.. marks.DistinctBy(mark => (mark.EventId, mark.Token)).Select(Bound)];
        if (all.Length == 0)
        {
            return MarkResult.Empty;
        }

        try
        {
            return await _retries.RunAsync(MarkOnceAsync, cancellationToken);
        }
        catch (Exception e) when (MySqlFaults.IsTransient(e) && !cancellationToken.IsCancellationRequested)
        {
            return new MarkResult(0, [], [.. all.Select(mark => mark.EventId)]) { Failure = MySqlFaults.Name(e) };
        }

        async Task<MarkResult> MarkOnceAsync(int attempt, CancellationToken ct)
        {
            await using var connection = await _connections.OpenConnectionAsync(ct);
            var limit = await _connections.PacketLimit.RequireAsync(0, connection, transaction: null, ct);
            var late = new List<string>();
            foreach (var batch in StatementChunks.Of(all, mark => MarkTable.SizeOf(mark, isGoneWhenDone), limit - MarkTable.SizeWithoutMarks))
            {
                late.AddRange(await MarkBatchAsync(connection, batch, attempt, ct));
            }

            return new MarkResult(all.Length - late.Count, late, []);
        }

        async Task<IEnumerable<string>> MarkBatchAsync(MySqlConnection connection, RetryMark[] batch, int attempt, CancellationToken ct)
        {
            var numbers = await FindNumbersAsync(
                connection, [.. batch.Where(mark => mark.Token.RowKey == 0).Select(mark => mark.EventId)], ct);
            var table = new MarkTable();
            foreach (var mark in batch)
            {
                table.Add(mark.Token.RowKey is not 0 and var number ? number : numbers.GetValueOrDefault(mark.EventId), mark);
            }

            var mayHaveKeys = Array.Exists(batch, mark => MayHaveKey(mark.Token));
            if (await MySqlTransactions.RunAsync(connection, () => apply(connection, table, mayHaveKeys, ct)) is not { } done)
            {
                return [];
            }

            // Some rows are not as this mark wants them any more: by its own earlier work, or by somebody else's.
            done.UnionWith(await ReadPlacesAsync(connection, table, isDone, ct));
            if (isGoneWhenDone)
            {
                // That a row is gone speaks for an earlier try only where there was one, or where the row was locked: then the
                // process that had locked it has sent it.
                var there = await FindNumbersAsync(connection, [.. batch.Select(mark => mark.EventId)], ct);
                done.UnionWith(Enumerable.Range(0, batch.Length).Where(
                    i => (attempt > 1 || WasLocked(batch[i].Token)) && !there.ContainsKey(batch[i].EventId)));
            }

            return batch.Where((_, i) => !done.Contains(i)).Select(mark => mark.EventId);
        }
    }

    // Without a code the row keeps what it has.
    private static RetryMark Bound(RetryMark mark) =>
        mark with { ErrorMessage = mark.ErrorCode is null ? null : ErrorText.Bound(mark.ErrorMessage) };

    private static bool WasLocked(ClaimToken token) => token.RowKey == 0 || token.IsNone;
}
