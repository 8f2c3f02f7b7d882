using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Sql;

namespace Relaybox.Postgres;

// What SqlInboxRepository runs.
internal sealed partial class PostgresInboxRepository
{
    private static SqlInboxStatements Statements(PostgresOptions options)
    {
        const string IsRecord = "event_id = $1 AND consumer = $2 AND replay_id = $3 AND claim_token = $4";
        const string ClaimHolds = $"{IsRecord} AND status = 'processing'";
        var table = Table(options);
        return new SqlInboxStatements
        {
            Renew = $"UPDATE {table} SET lease_until = clock_timestamp() + $5 WHERE {ClaimHolds}",
            Start =
                $"""
                UPDATE {table} SET
                    lease_until = clock_timestamp() + $5, begun_token = $4,
                    deliveries = deliveries + (begun_token IS DISTINCT FROM $4)::int,
                    unfinished = unfinished + (begun_token IS DISTINCT FROM $4)::int
                WHERE {ClaimHolds}
                """,
            MarkProcessed =
                $"""
                UPDATE {table} SET
                    status = 'processed', processed_at = clock_timestamp(), lease_until = NULL,
                    failed_at = NULL, error_code = NULL, error_message = NULL
                WHERE {ClaimHolds}
                """,
            EndAttempt =
                $"""
                UPDATE {table} SET
                    status = 'failed', deliveries = $5, unfinished = $8, failed_at = clock_timestamp(), lease_until = NULL,
                    error_code = $6, error_message = $7
                WHERE {ClaimHolds}
                """,
            ReadOwn = $"SELECT status FROM {table} WHERE {IsRecord} FOR UPDATE",
            CleanupProcessed = Delete("processed", "processed_at"),
            CleanupFailed = Delete("failed", "failed_at"),

            // Without its token the late handler's commit cannot hold, whenever it comes.
            ResetStale =
                $"""
                WITH stale AS MATERIALIZED (
                    SELECT event_id, consumer, replay_id FROM {table}
                    WHERE status = 'processing' AND (lease_until IS NULL OR lease_until < clock_timestamp() - $1)
                    ORDER BY lease_until NULLS FIRST LIMIT $2
                    FOR UPDATE SKIP LOCKED)
                UPDATE {table} AS r SET
                    status = 'failed', failed_at = clock_timestamp(), lease_until = NULL, claim_token = NULL,
                    error_code = '{ErrorCodes.LeaseExpired}',
                    error_message = '{InboxRecord.LeaseExpired.Replace("'", "''", StringComparison.Ordinal)}'
                FROM stale WHERE r.event_id = stale.event_id AND r.consumer = stale.consumer AND r.replay_id = stale.replay_id
                """,
            GiveAttemptsBack =
                $"""
                UPDATE {table} SET deliveries = 0, unfinished = 0, begun_token = NULL
                WHERE event_id = $1 AND consumer = $2 AND replay_id = $3 AND status = 'failed'
                """,
            CountByStatus = $"SELECT status, count(*) FROM {table} GROUP BY status",
        };

        string Delete(string status, string since) =>
            $"""
            WITH old AS MATERIALIZED (
                SELECT event_id, consumer, replay_id FROM {table}
                WHERE status = '{status}' AND {since} < clock_timestamp() - $1
                ORDER BY {since} LIMIT $2
                FOR UPDATE SKIP LOCKED)
            DELETE FROM {table} AS r USING old
            WHERE r.event_id = old.event_id AND r.consumer = old.consumer AND r.replay_id = old.replay_id
            """;
    }
}
