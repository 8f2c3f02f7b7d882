using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Sql;

namespace Relaybox.MySql;

// What SqlInboxRepository runs.
internal sealed partial class MySqlInboxRepository
{
    private static SqlInboxStatements Statements(MySqlOptions options)
    {
        const string IsRecord = "event_id = @event AND consumer = @consumer AND replay_id = @replay AND claim_token = @token";
        const string ClaimHolds = $"{IsRecord} AND status = 'processing'";
        var table = new MySqlNames(options).Inbox;
        var now = options.Now;
        var before = $"{now} - INTERVAL @age MICROSECOND";
        return new SqlInboxStatements
        {
            Renew = $"UPDATE {table} SET lease_until = {now} + INTERVAL @lease MICROSECOND WHERE {ClaimHolds}",

            // What an assignment reads is assigned after it.
            Start =
                $"""
                UPDATE {table} SET
                    lease_until = {now} + INTERVAL @lease MICROSECOND,
                    deliveries = deliveries + (NOT (begun_token <=> @token)), unfinished = unfinished + (NOT (begun_token <=> @token)),
                    begun_token = @token
                WHERE {ClaimHolds}
                """,
            MarkProcessed = $"UPDATE {table} SET {Processed(options, "")} WHERE {ClaimHolds}",
            EndAttempt =
                $"""
                UPDATE {table} SET
                    status = 'failed', deliveries = @deliveries, unfinished = @unfinished, failed_at = {now}, lease_until = NULL,
                    error_code = @code, error_message = @message
                WHERE {ClaimHolds}
                """,
            ReadOwn = $"SELECT status FROM {table} WHERE {IsRecord} FOR UPDATE",
            CleanupProcessed = Delete($"queue = 1 AND queued_at < {before}"),
            CleanupFailed = Delete($"queue = 3 AND queued_at < {before}"),

            // Without its token the late handler's commit cannot hold, whenever it comes.
            ResetStale =
                $"""
                UPDATE ({Oldest($"queue = 2 AND (queued_at IS NULL OR queued_at < {before})")}) AS old
                STRAIGHT_JOIN {table} AS r FORCE INDEX (PRIMARY)
                    ON r.event_id = old.event_id AND r.consumer = old.consumer AND r.replay_id = old.replay_id
                SET r.status = 'failed', r.failed_at = {now}, r.lease_until = NULL, r.claim_token = NULL,
                    r.error_code = '{ErrorCodes.LeaseExpired}',
                    r.error_message = '{InboxRecord.LeaseExpired.Replace("'", "''", StringComparison.Ordinal)}'
                """,
            GiveAttemptsBack =
                $"""
                UPDATE {table} SET deliveries = 0, unfinished = 0, begun_token = NULL
                WHERE event_id = @event AND consumer = @consumer AND replay_id = @replay AND status = 'failed'
                """,
            CountByStatus = $"SELECT status, COUNT(*) FROM {table} GROUP BY status",
        };

        string Delete(string condition) =>
            $"""
            DELETE {table} FROM ({Oldest(condition)}) AS old
            STRAIGHT_JOIN {table} FORCE INDEX (PRIMARY) USING (event_id, consumer, replay_id)
            """;

        // The limit makes the server carry this out first, and apart: only what it has found and locked is written.
        string Oldest(string condition) =>
            $"""
            SELECT event_id, consumer, replay_id FROM {table} FORCE INDEX (queue) WHERE {condition}
            ORDER BY queue, queued_at LIMIT @limit FOR UPDATE SKIP LOCKED
            """;
    }
}
