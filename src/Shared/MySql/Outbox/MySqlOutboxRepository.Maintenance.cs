using System.Globalization;
using MySqlConnector;
using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Paging;
using Relaybox.Sql;

namespace Relaybox.MySql;

// Maintenance: bounded steps, which pass by what somebody else has locked. What a step changes it does not find again, so the cursor only
// says that there may be more.
internal sealed partial class MySqlOutboxRepository
{
    private const string More = "more";
    private const string MoreParked = "parked";
    private const int RowsLookedAt = 1000;

    /// <inheritdoc />
    public async Task<MaintenancePage> CleanupAsync(
        TimeSpan sentRetention, TimeSpan? failedRetention, string? cursor, int pageSize, CancellationToken cancellationToken)
    {
        if (cursor != MoreParked)
        {
            var sent = await ChangeAsync("queue = 6", "<", sentRetention, Delete, pageSize, cancellationToken);
            return new MaintenancePage(sent, sent == pageSize ? More : failedRetention is null ? null : MoreParked);
        }

        // A parked row that holds back the later rows of its key stays.
        var parked = failedRetention is { } retention
            ? await ChangeAsync("queue = 5 AND (ordering_key IS NULL OR skipped_at IS NOT NULL)", "<", retention, Delete, pageSize, cancellationToken)
            : 0;
        return new MaintenancePage(parked, parked == pageSize ? MoreParked : null);
    }

    /// <inheritdoc />
    public async Task<MaintenancePage> ResetStaleAsync(
        TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken)
    {
        var reset = await EndLeasesAsync(age, pageSize, cancellationToken);
        return new MaintenancePage(reset, reset == pageSize ? More : null);
    }

    /// <inheritdoc />
    public Task<ReconcilePage> ReconcileAsync(TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken)
    {
        var after = cursor is null ? 0 : long.Parse(cursor, CultureInfo.InvariantCulture);
        return _retries.RunAsync(
            async (_, ct) =>
            {
                await using var connection = await _connections.OpenConnectionAsync(ct);
                await using var look = new MySqlCommand(
                    $"""
                    SELECT page.status, COUNT(*), MAX(page.row_id)
                    FROM (SELECT COALESCE(status, '') AS status, row_id FROM {_names.Outbox} WHERE row_id > @after ORDER BY row_id LIMIT @limit) page
                    GROUP BY page.status
                    """,
                    connection);
                look.Parameters.AddWithValue("@after", after);
                look.Parameters.AddWithValue("@limit", pageSize);
                var rows = await look.ReadCommittedAsync(row => (Status: row.GetString(0), Count: row.GetInt64(1), Last: row.GetInt64(2)), ct);
                if (rows.Count == 0)
                {
                    return new ReconcilePage(0, new Dictionary<string, long>(StringComparer.Ordinal), Cursor: null);
                }

                var last = rows.Max(row => row.Last);
                var recovered = await RecoverAsync(connection, after, last, age, ct);
                return new ReconcilePage(
                    recovered,
                    rows.ToDictionary(row => row.Status, row => row.Count, StringComparer.Ordinal),
                    rows.Sum(row => row.Count) == pageSize ? last.ToString(CultureInfo.InvariantCulture) : null);
            },
            cancellationToken);
    }

    /// <inheritdoc />
    public Task<IReadOnlyDictionary<string, long>> GetCountByStatusAsync(CancellationToken cancellationToken) =>
        _retries.RunAsync<IReadOnlyDictionary<string, long>>(
            async (_, ct) =>
            {
                await using var connection = await _connections.OpenConnectionAsync(ct);
                await using var command = new MySqlCommand(
                    $"SELECT COALESCE(status, ''), COUNT(*) FROM {_names.Outbox} GROUP BY COALESCE(status, '')", connection);
                var counts = await command.ReadCommittedAsync(row => KeyValuePair.Create(row.GetString(0), row.GetInt64(1)), ct);
                return new Dictionary<string, long>(counts, StringComparer.Ordinal);
            },
            cancellationToken);

    /// <inheritdoc />
    public Task<TimeSpan> OldestDueAgeAsync(CancellationToken cancellationToken) => _retries.RunAsync(
        async (_, ct) =>
        {
            await using var connection = await _connections.OpenConnectionAsync(ct);
            await using var command = new MySqlCommand(
                $"""
                SELECT TIMESTAMPDIFF(MICROSECOND, MIN(oldest.queued_at), {_names.Now}) FROM (
                    {First("queue = 1")} UNION ALL {First("queue = 4")} UNION ALL
                    (SELECT due.queued_at FROM (
                         SELECT queued_at, held_key, key_number FROM {_names.OutboxByQueue}
                         WHERE queue = 2 AND queued_at <= {_names.Now} ORDER BY queued_at, row_id LIMIT {RowsLookedAt}) due
                     WHERE NOT EXISTS (
                         SELECT 1 FROM {_names.Outbox} earlier FORCE INDEX (held_key)
                         WHERE earlier.held_key = due.held_key AND earlier.key_number < due.key_number)
                     ORDER BY due.queued_at LIMIT 1)) oldest
                """,
                connection);
            return await command.ExecuteScalarAsync(ct) is long and > 0 and var age ? TimeSpan.FromMicroseconds(age) : TimeSpan.Zero;
        },
        cancellationToken);

    // Joined with their numbers, because no hint keeps the server from reading all rows of a small table for a list of numbers: it would
    // wait for those that somebody else has locked.
    private string Delete(IEnumerable<long> rowIds) =>
        $"""
        DELETE {_names.Outbox} FROM ({string.Join(" UNION ALL ", rowIds.Order().Select(id => $"SELECT {id} AS row_id"))}) m
        STRAIGHT_JOIN {_names.OutboxByNumber} ON {_names.Outbox}.row_id = m.row_id
        """;

    private string EndLeases(IEnumerable<long> rowIds) =>
        $"""
        UPDATE {_names.OutboxByNumber} SET
            status = 'pending', waits = FALSE, claim_token = NULL, claimed_at = NULL, lease_until = NULL
        WHERE row_id IN ({OutboxColumns.In(rowIds.Order())})
        """;

    private Task<int> EndLeasesAsync(TimeSpan age, int limit, CancellationToken cancellationToken) =>
        ChangeAsync("queue = 4", "<=", age, EndLeases, limit, cancellationToken);

    private string First(string queue) =>
        $"(SELECT queued_at FROM {_names.OutboxByQueue} WHERE {queue} AND queued_at <= {_names.Now} ORDER BY queued_at, row_id LIMIT 1)";

    /// <summary>Changes the rows of a queue whose time is old enough, the oldest first.</summary>
    private Task<int> ChangeAsync(
        string queue, string compared, TimeSpan age, Func<IEnumerable<long>, string> change, int limit, CancellationToken cancellationToken) =>
        _retries.RunAsync(
        async (_, ct) =>
        {
            await using var connection = await _connections.OpenConnectionAsync(ct);
            return await MySqlTransactions.RunAsync(connection, async () =>
            {
                await using var find = new MySqlCommand(
                    $"""
                    {MySqlTransactions.Begin}
                    SELECT row_id FROM {_names.OutboxByQueue} WHERE {queue} AND queued_at {compared} {_names.Now} - INTERVAL @age MICROSECOND
                    ORDER BY queued_at, row_id LIMIT @limit FOR UPDATE SKIP LOCKED
                    """,
                    connection);
                find.Parameters.Add(Parameters.Interval("@age", age));
                find.Parameters.AddWithValue("@limit", limit);
                var rows = await find.ReadCommittedAsync(row => row.GetInt64(0), ct);
                var sql = rows.Count == 0 ? "" : $"{change(rows)}; ";
                await using var command = new MySqlCommand($"{sql}COMMIT", connection);
                await command.ExecuteNonQueryAsync(ct);
                return rows.Count;
            });
        },
        cancellationToken);

    /// <summary>
    /// Makes due what no queue knows: rows without a time, and rows that wait although they are the first of their key, as after
    /// somebody deleted the one before by hand.
    /// </summary>
    private async Task<int> RecoverAsync(MySqlConnection connection, long after, long last, TimeSpan age, CancellationToken cancellationToken)
    {
        await using var command = new MySqlCommand(
            $"""
            UPDATE {_names.OutboxByNumber} SET
                available_at = COALESCE(available_at, {_names.Now}),
                lease_until = CASE WHEN status = 'publishing' THEN COALESCE(lease_until, {_names.Now}) END
            WHERE row_id > @after AND row_id <= @last AND queued_at IS NULL AND queue IN (1, 2, 3, 4)
                AND COALESCE(claimed_at, enqueued_at, '1000-01-01') <= {_names.Now} - INTERVAL @age MICROSECOND;
            SELECT ROW_COUNT();
            SELECT row_id FROM {_names.Outbox} o WHERE o.row_id > @after AND o.row_id <= @last AND o.queue = 3 AND NOT EXISTS (
                SELECT 1 FROM {_names.Outbox} earlier FORCE INDEX (held_key)
                WHERE earlier.held_key = o.held_key AND earlier.key_number < o.key_number)
            """,
            connection);
        command.Parameters.AddWithValue("@after", after);
        command.Parameters.AddWithValue("@last", last);
        command.Parameters.Add(Parameters.Interval("@age", age));
        var answer = await command.ReadCommittedAsync(row => row.GetInt64(0), cancellationToken);
        await CommitAsync(connection, answer[1..], cancellationToken);
        return (int)answer[0] + answer.Count - 1;
    }
}
