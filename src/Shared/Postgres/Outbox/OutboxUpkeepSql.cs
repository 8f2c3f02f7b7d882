using Relaybox.Events;

namespace Relaybox.Postgres;

/// <summary>The statements of maintenance: bounded, and never waiting for a row that somebody else holds.</summary>
internal sealed class OutboxUpkeepSql(PostgresNames names)
{
    private const int RowsLookedAt = 1000;

    // One descent of the index for each, and only where the oldest due rows all wait: a tenth of a second for all of them.
    private const int KeysLookedAt = 10_000;

    /// <summary>
    /// Deletes up to $2 rows that were sent before now - $1, and at $3 or later: what was deleted before leaves entries in the
    /// index that need not be walked over again. Answers with their number, and when the last of them was sent. Waits for a row
    /// that somebody else has locked, and deletes it only if it is still as it was found: fewer than $2 may not be all.
    /// </summary>
    internal string DeleteSent { get; } = DeletingSent(names, locking: "");

    /// <summary>
    /// The same, and leaves out rows that somebody else has locked: fewer than $2 are all that can be deleted now. To lock each
    /// row first takes a third longer.
    /// </summary>
    internal string DeleteSentUnlessLocked { get; } = DeletingSent(names, "FOR UPDATE SKIP LOCKED");

    /// <summary>Deletes up to $2 rows that were parked before now - $1, unless they hold back the later rows of their key.</summary>
    internal string DeleteParked { get; } =
        $"""
        DELETE FROM {names.Outbox} WHERE row_id = ANY (ARRAY(
            SELECT o.row_id FROM {names.Outbox} o
            WHERE o.status = 'failed' AND o.failed_at < now() - $1 AND (o.ordering_key IS NULL OR o.skipped_at IS NOT NULL)
            ORDER BY o.failed_at, o.row_id LIMIT $2 FOR UPDATE SKIP LOCKED))
        """;

    /// <summary>Ends up to $2 claims whose lease ended before now - $1.</summary>
    internal string ResetStale { get; } =
        $"""
        UPDATE {names.Outbox} SET status = 'pending', claim_token = NULL, claimed_at = NULL, lease_until = NULL
        WHERE row_id = ANY (ARRAY(
            SELECT o.row_id FROM {names.Outbox} o WHERE o.status = 'publishing' AND o.lease_until <= now() - $1
            ORDER BY o.lease_until, o.row_id LIMIT $2 FOR UPDATE SKIP LOCKED))
        """;

    /// <summary>
    /// Looks at $2 rows from number $1 on. Rows older than $3 without a time to be due at get one. Rows that would be due after the
    /// year 9999, such as at <c>infinity</c>, would never be sent: they are parked.
    /// </summary>
    internal string Reconcile { get; } =
        $"""
        WITH page AS (
            SELECT o.row_id, o.status FROM {names.Outbox} o WHERE o.row_id > $1 ORDER BY o.row_id LIMIT $2
        ),
        recovered AS (
            UPDATE {names.Outbox} o SET available_at = coalesce(o.available_at, now()),
                lease_until = CASE WHEN o.status = 'publishing' THEN coalesce(o.lease_until, now()) END
            WHERE o.row_id = ANY (ARRAY(SELECT row_id FROM page))
              AND ((o.status = 'pending' AND o.available_at IS NULL) OR (o.status = 'publishing' AND o.lease_until IS NULL))
              AND coalesce(o.claimed_at, o.enqueued_at, '-infinity') <= now() - $3
            RETURNING 1
        ),
        parked AS (
            UPDATE {names.Outbox} o SET status = 'failed', failed_at = now(), skipped_at = NULL, shelved_at = NULL,
                error_code = '{ErrorCodes.FieldInvalid}',
                error_message = 'The column ''available_at'' is after the year 9999: the row would never be sent.'
            WHERE o.row_id = ANY (ARRAY(SELECT row_id FROM page)) AND o.status = 'pending' AND o.available_at > '9999-12-31 23:59:59.999Z'
            RETURNING 1
        )
        SELECT coalesce(status, ''), count(*), max(row_id), sum(count(*)) OVER (),
            (SELECT count(*) FROM recovered) + (SELECT count(*) FROM parked)
        FROM page GROUP BY 1
        """;

    internal string CountByStatus { get; } =
        $"""
        SELECT status, sum(rows)::bigint FROM (
            SELECT coalesce(o.status, '') AS status, count(*) AS rows FROM {names.Outbox} o GROUP BY 1
            UNION ALL
            SELECT s.status, count(*) FROM {names.Sent} s GROUP BY 1) counted
        GROUP BY 1
        """;

    /// <summary>How many rows are archived.</summary>
    internal string CountArchived { get; } = $"SELECT count(*) FROM {names.Sent}";

    /// <summary>
    /// Makes the partitions of the next $2 days and drops some that are older than $1. Answers with about how many rows went; 0: all did.
    /// </summary>
    internal string KeepPartitions { get; } = $"SELECT {names.SentUpkeep}(now(), $1, $2)";

    /// <summary>For how long the oldest row has been due; no row where none is.</summary>
    internal string OldestDueAge { get; } =
        $"""
        SELECT greatest('0', now() - greatest(oldest.at, '0001-01-02 00:00Z')) FROM (
            SELECT least(
                (SELECT min(o.available_at) FROM {names.Outbox} o WHERE o.status = 'pending' AND o.ordering_key IS NULL),
                coalesce({OldestDueHead(names)}, {DueHeadOfManyBlocked(names)}),
                (SELECT min(o.lease_until) FROM {names.Outbox} o WHERE o.status = 'publishing')) AS at) oldest
        WHERE oldest.at IS NOT NULL
        """;

    /// <summary>
    /// When the oldest of the keyed rows became due that are the first of their keys: what waits behind another cannot be relayed,
    /// however long ago its time was. Looks at so many of the oldest due rows, one descent of the index for each, up to the first.
    /// </summary>
    private static string OldestDueHead(PostgresNames names) =>
        $"""
        (SELECT due.available_at FROM ({DueKeyed(names)} LIMIT {RowsLookedAt}) due
         WHERE due.row_id = (SELECT h.row_id FROM {names.Heads}(due.ordering_key, 1) h)
         ORDER BY due.available_at LIMIT 1)
        """;

    /// <summary>
    /// Where all of those waited, behind few keys perhaps: the oldest due one among so many keys' first rows. Behind more it is
    /// missed until there are fewer; what it answers then is younger than the truth, never older.
    /// </summary>
    private static string DueHeadOfManyBlocked(PostgresNames names) =>
        $"""
        CASE WHEN EXISTS ({DueKeyed(names)} OFFSET {RowsLookedAt} LIMIT 1) THEN
            (SELECT min((SELECT o.available_at FROM {names.Outbox} o WHERE o.row_id = h.row_id AND o.status = 'pending'))
             FROM {names.Heads}('', {KeysLookedAt}) h WHERE h.claimable)
        END
        """;

    private static string DeletingSent(PostgresNames names, string locking) =>
        $"""
        WITH deleted AS (
            -- The state is checked again: a statement that has waited for a row still finds it by its old place after it changed.
            DELETE FROM {names.Outbox} WHERE ctid = ANY (ARRAY(
                SELECT o.ctid FROM {names.Outbox} o
                WHERE o.status = 'sent' AND o.sent_at >= coalesce($3, '-infinity') AND o.sent_at < now() - $1
                ORDER BY o.sent_at LIMIT $2 {locking}))
            AND status = 'sent' AND sent_at < now() - $1
            RETURNING sent_at
        )
        SELECT count(*), greatest(max(sent_at), '0001-01-02 00:00Z') FROM deleted
        """;

    private static string DueKeyed(PostgresNames names) =>
        $"""
        SELECT o.available_at, o.row_id, o.ordering_key FROM {names.Outbox} o
        WHERE o.status = 'pending' AND o.ordering_key IS NOT NULL AND o.available_at <= now() ORDER BY o.available_at
        """;
}
