using System.Globalization;
using System.Text;
using MySqlConnector;
using Relaybox.Outbox;

namespace Relaybox.MySql;

/// <summary>
/// Finds the rows that a claim takes, without locking them: a lock would read what a row holds, and of many rows that is more than fits
/// a memory. Rows without a key are found by their time. Of a key the first rows that hold it back are found, and those of them that
/// can be claimed one after the other.
/// </summary>
/// <param name="names">The tables.</param>
internal sealed class OutboxSearch(MySqlNames names)
{
    /// <summary>The most rows of one key in one claim.</summary>
    internal const int RowsOfAKey = 50;

    private const int MostWindows = 8;
    private const int KeysOfAQuery = 100;

    /// <summary>The condition of a row that can be claimed now.</summary>
    internal string IsClaimable { get; } =
        $"((status = 'pending' AND available_at <= {names.Now}) OR (status = 'publishing' AND lease_until <= {names.Now}))";

    /// <summary>Finds rows to claim.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="limit">The most rows and bytes.</param>
    /// <param name="turn">Which kind of rows begins.</param>
    /// <param name="skip">How many of the first due rows to pass by, because others are likely to be taking them.</param>
    /// <param name="takesEnded">Whether claims whose lease has ended are among them.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal async Task<List<Candidate>> FindAsync(
        MySqlConnection connection, ClaimLimit limit, int turn, int skip, bool takesEnded, CancellationToken cancellationToken)
    {
        var window = Math.Max(limit.Rows, 2);
        var ended = takesEnded ? Find("queue = 4", skip: 0, window) : "";
        await using var command = new MySqlCommand($"{Find("queue = 1", skip, window)};{Find("queue = 2", skip: 0, window)};{ended}", connection);
        var (plain, keyed, claimed) = (new List<Candidate>(), new List<Candidate>(), new List<Candidate>());
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            await ReadAsync(reader, plain, cancellationToken);
            await ReadAsync(reader, keyed, cancellationToken);
            await ReadAsync(reader, claimed, cancellationToken);
        }

        var isWhole = keyed.Count < window;
        var hasOneWindow = true;
        var keys = Keys(keyed);
        while (!isWhole && keys.Count < (limit.Rows + 1) / 2 && keyed.Count < MostWindows * window)
        {
            hasOneWindow = false;
            isWhole = await AddWindowAsync(keyed, window, connection, cancellationToken);
            keys = Keys(keyed);
        }

        keys.AddRange(Keys(claimed).Except(keys));
        var runs = await FindRunsAsync(keys.Take(window), limit, connection, cancellationToken);
        if (runs.Count > 0 && (!hasOneWindow || (!isWhole && runs.All(run => !run[0].IsClaimable))))
        {
            await WaitAsync(keyed, runs, connection, cancellationToken);
        }

        var inTurns = runs.SelectMany(run => run.TakeWhile(row => row.IsClaimable).Select(row => row.Row).Index())
            .OrderBy(row => row.Index).Select(row => row.Item).ToList();
        return ClaimTurns.Choose(
            [inTurns, plain, claimed.FindAll(candidate => candidate.Key is null)], limit, turn, candidate => (candidate.Bytes, candidate.Unfinished));
    }

    /// <summary>
    /// Finds the next rows of keys that wait: for the transaction that sends, deletes or skips rows, after it has done so. It then makes
    /// them due (<see cref="Wake"/>). The two are apart, because an update that joins tables locks what it only reads.
    /// </summary>
    /// <param name="keys">A query of the keys, in one column <c>ordering_key</c>.</param>
    internal string FindNext(string keys) =>
        $"""
        SELECT DISTINCT next.row_id
        FROM (SELECT (SELECT IF(h.waits, h.row_id, NULL) FROM {names.Outbox} h FORCE INDEX (held_key)
                      WHERE h.held_key = k.ordering_key ORDER BY h.key_number LIMIT 1) AS row_id
              FROM ({keys}) k) next
        WHERE next.row_id IS NOT NULL
        """;

    /// <summary>The statement that makes waiting rows due, and a semicolon; nothing where there are none.</summary>
    internal string Wake(IReadOnlyCollection<long> rowIds) =>
        rowIds.Count == 0 ? "" : $"UPDATE {names.OutboxByNumber} SET waits = FALSE WHERE row_id IN ({OutboxColumns.In(rowIds.Order())}); ";

    private string Find(string queue, int skip, int count) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        SELECT row_id, ordering_key, COALESCE(octets, {long.MaxValue}), unfinished FROM {names.OutboxByQueue}
        WHERE {queue} AND queued_at <= {names.Now} ORDER BY queued_at, row_id LIMIT {count} OFFSET {skip}
        """);

    private async Task<bool> AddWindowAsync(List<Candidate> keyed, int window, MySqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new MySqlCommand(Find("queue = 2", keyed.Count, window), connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var before = keyed.Count;
        await ReadAsync(reader, keyed, cancellationToken);
        return keyed.Count - before < window;
    }

    /// <summary>The first rows of each key that hold it back, in their order. All rows of a key are of one moment.</summary>
    private async Task<List<List<KeyedRow>>> FindRunsAsync(
        IEnumerable<OrderingKey> keys, ClaimLimit limit, MySqlConnection connection, CancellationToken cancellationToken)
    {
        var runs = new Dictionary<OrderingKey, List<KeyedRow>>();
        foreach (var some in keys.Chunk(KeysOfAQuery))
        {
            var sql = new StringBuilder();
            await using var command = new MySqlCommand { Connection = connection };
            var share = Math.Clamp(2 * limit.Rows / some.Length, 1, RowsOfAKey);
            foreach (var (i, key) in some.Index())
            {
                sql.Append(i == 0 ? "" : " UNION ALL ").Append(CultureInfo.InvariantCulture,
                    $"""
                    (SELECT row_id, held_key, COALESCE(octets, {long.MaxValue}), unfinished, {IsClaimable}
                     FROM {names.Outbox} FORCE INDEX (held_key) WHERE held_key = @k{i} ORDER BY key_number, row_id LIMIT {share})
                    """);
                command.Parameters.AddWithValue(string.Create(CultureInfo.InvariantCulture, $"@k{i}"), key.Bytes);
            }

            command.CommandText = sql.ToString();
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                var row = Read(reader);
                (runs.TryGetValue(row.Key!.Value, out var run) ? run : runs[row.Key.Value] = []).Add(new KeyedRow(row, reader.GetBoolean(4)));
            }
        }

        return [.. runs.Values];
    }

    /// <summary>
    /// Takes due rows out of the queue that wait behind others of their keys, because there are so many that they hide the rows of other
    /// keys. The first row of a key is locked for that, if it still holds the key back: whatever ends that later sees what waits behind it.
    /// </summary>
    private async Task WaitAsync(
        List<Candidate> keyed, List<List<KeyedRow>> runs, MySqlConnection connection, CancellationToken cancellationToken)
    {
        var waiting = keyed.ToLookup(row => row.Key!.Value, row => row.RowId);
        var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.ReadCommitted, cancellationToken);
        await using (transaction)
        {
            var heads = runs.ToDictionary(run => run[0].Row.RowId);
            var holding = new List<long>();
            await using (var command = new MySqlCommand(
                $"""
                SELECT row_id FROM {names.OutboxByNumber} WHERE row_id IN ({OutboxColumns.In(heads.Keys.Order())}) AND held_key IS NOT NULL
                FOR UPDATE SKIP LOCKED
                """,
                connection,
                transaction))
            {
                await using var reader = await command.ExecuteReaderAsync(cancellationToken);
                while (await reader.ReadAsync(cancellationToken))
                {
                    holding.Add(reader.GetInt64(0));
                }
            }

            var behind = holding.SelectMany(head => BehindOf(heads[head])).Order().ToList();
            if (behind.Count > 0)
            {
                await using var command = new MySqlCommand(
                    $"UPDATE {names.OutboxByNumber} SET waits = TRUE WHERE row_id IN ({OutboxColumns.In(behind)}) AND queue = 2",
                    connection,
                    transaction);
                await command.ExecuteNonQueryAsync(cancellationToken);
            }

            await transaction.CommitAsync(cancellationToken);
        }

        // The first row never waits, also where somebody has claimed it since it was found. The rows that this claim can take stay due:
        // they are what the next claim would look for if this one failed.
        IEnumerable<long> BehindOf(List<KeyedRow> run) =>
            waiting[run[0].Row.Key!.Value].Except(run.TakeWhile((row, i) => i == 0 || row.IsClaimable).Select(row => row.Row.RowId));
    }

    private static List<OrderingKey> Keys(List<Candidate> rows) => [.. rows.Select(row => row.Key).OfType<OrderingKey>().Distinct()];

    private static async Task ReadAsync(MySqlDataReader reader, List<Candidate> rows, CancellationToken cancellationToken)
    {
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(Read(reader));
        }

        await reader.NextResultAsync(cancellationToken);
    }

    private static Candidate Read(MySqlDataReader reader) => new(
        reader.GetInt64(0), reader.IsDBNull(1) ? null : OrderingKey.Of(reader.GetFieldValue<byte[]>(1)), reader.GetInt64(2), reader.GetInt32(3));
}
