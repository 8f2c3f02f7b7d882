using MySqlConnector;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Paging;
using Relaybox.Sql;

namespace Relaybox.MySql;

// Maintenance: each step takes the oldest records that nobody holds, through an index that has no others; so there is no
// place to remember, and a cursor only says that there may be more.
internal sealed partial class MySqlInboxRepository
{
    private const string MayBeMore = "more";

    private readonly string _cleanup =
        $"""
        DELETE {new MySqlNames(options).Inbox} FROM ({Oldest(options, $"queue = 1 AND queued_at < {Before(options)}")}) AS old
        STRAIGHT_JOIN {new MySqlNames(options).Inbox} FORCE INDEX (PRIMARY) USING (event_id, consumer, replay_id)
        """;

    // Without its token the late handler's commit cannot hold, whenever it comes.
    private readonly string _resetStale =
        $"""
        UPDATE ({Oldest(options, $"queue = 2 AND (queued_at IS NULL OR queued_at < {Before(options)})")}) AS old
        STRAIGHT_JOIN {new MySqlNames(options).Inbox} AS r FORCE INDEX (PRIMARY)
            ON r.event_id = old.event_id AND r.consumer = old.consumer AND r.replay_id = old.replay_id
        SET r.status = 'failed', r.failed_at = {options.Now}, r.lease_until = NULL, r.claim_token = NULL,
            r.error_code = '{ErrorCodes.LeaseExpired}', r.error_message = @message
        """;

    /// <inheritdoc />
    public Task<MaintenancePage> CleanupAsync(
        TimeSpan retention, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        StepAsync(_cleanup, retention, pageSize, cancellationToken);

    /// <inheritdoc />
    public Task<MaintenancePage> ResetStaleAsync(
        TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        StepAsync(_resetStale, age, pageSize, cancellationToken);

    /// <inheritdoc />
    public async Task<IReadOnlyDictionary<string, long>> GetCountByStatusAsync(CancellationToken cancellationToken)
    {
        await using var connection = await connections.OpenConnectionAsync(cancellationToken);
        await using var command = new MySqlCommand($"SELECT status, COUNT(*) FROM {_names.Inbox} GROUP BY status", connection);
        var counts = await command.ReadCommittedAsync(row => KeyValuePair.Create(row.GetString(0), row.GetInt64(1)), cancellationToken);
        return new Dictionary<string, long>(counts, StringComparer.Ordinal);
    }

    private async Task<MaintenancePage> StepAsync(string sql, TimeSpan age, int pageSize, CancellationToken cancellationToken)
    {
        await using var connection = await connections.OpenConnectionAsync(cancellationToken);
        await using var command = new MySqlCommand(sql, connection);
        command.Parameters.Add(Parameters.Interval("@age", age));
        command.Parameters.AddWithValue("@limit", pageSize);
        command.Parameters.AddWithValue("@message", InboxRecord.LeaseExpired);
        var affected = await command.ExecuteNonQueryAsync(cancellationToken);
        return new MaintenancePage(affected, affected < pageSize ? null : MayBeMore);
    }

    private static string Before(MySqlOptions options) => $"{options.Now} - INTERVAL @age MICROSECOND";

    // The limit makes the server carry this out first, and apart: only what it has found and locked is written.
    private static string Oldest(MySqlOptions options, string condition) =>
        $"""
        SELECT event_id, consumer, replay_id FROM {new MySqlNames(options).Inbox} FORCE INDEX (queue) WHERE {condition}
        ORDER BY queue, queued_at LIMIT @limit FOR UPDATE SKIP LOCKED
        """;
}
