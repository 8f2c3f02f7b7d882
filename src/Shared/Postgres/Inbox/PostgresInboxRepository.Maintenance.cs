using Npgsql;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Paging;
using Relaybox.Sql;

namespace Relaybox.Postgres;

// Maintenance: each step takes the oldest records that nobody holds, through an index that has no others; so there is no
// place to remember, and a cursor only says that there may be more.
internal sealed partial class PostgresInboxRepository
{
    private const string MayBeMore = "more";

    private readonly string _cleanup =
        $"""
        WITH old AS MATERIALIZED (
            SELECT event_id, consumer, replay_id FROM {Table(options)}
            WHERE status = 'processed' AND processed_at < clock_timestamp() - $1
            ORDER BY processed_at LIMIT $2
            FOR UPDATE SKIP LOCKED)
        DELETE FROM {Table(options)} AS r USING old WHERE r.event_id = old.event_id AND r.consumer = old.consumer AND r.replay_id = old.replay_id
        """;

    // Without its token the late handler's commit cannot hold, whenever it comes.
    private readonly string _resetStale =
        $"""
        WITH stale AS MATERIALIZED (
            SELECT event_id, consumer, replay_id FROM {Table(options)}
            WHERE status = 'processing' AND (lease_until IS NULL OR lease_until < clock_timestamp() - $1)
            ORDER BY lease_until NULLS FIRST LIMIT $2
            FOR UPDATE SKIP LOCKED)
        UPDATE {Table(options)} AS r SET
            status = 'failed', failed_at = clock_timestamp(), lease_until = NULL, claim_token = NULL,
            error_code = '{ErrorCodes.LeaseExpired}', error_message = '{InboxRecord.LeaseExpired.Replace("'", "''", StringComparison.Ordinal)}'
        FROM stale WHERE r.event_id = stale.event_id AND r.consumer = stale.consumer AND r.replay_id = stale.replay_id
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
        await using var command = new NpgsqlCommand($"SELECT status, count(*) FROM {Table(options)} GROUP BY status", connection);
        var counts = await command.ReadCommittedAsync(row => KeyValuePair.Create(row.GetString(0), row.GetInt64(1)), cancellationToken);
        return new Dictionary<string, long>(counts, StringComparer.Ordinal);
    }

    private async Task<MaintenancePage> StepAsync(string sql, TimeSpan age, int pageSize, CancellationToken cancellationToken)
    {
        await using var connection = await connections.OpenConnectionAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(Parameters.Interval(age));
        command.Parameters.Add(Parameters.Integer(pageSize));
        var affected = await command.ExecuteNonQueryAsync(cancellationToken);
        return new MaintenancePage(affected, affected < pageSize ? null : MayBeMore);
    }
}
