-- As before, and its commit waits for no disk: a claim that a crash of the server takes back is as one whose lease has ended, its
-- rows are due again. What the relay writes once they are with the broker waits, and that the rows are there was durable before.
CREATE OR REPLACE FUNCTION {{outbox.claim_plain}}(token text, lease interval, most bigint)
RETURNS TABLE (row_id bigint, event_id text, subject text, payload text, headers text, ordering_key text, result text,
    attempts integer, claim_token text, enqueued_at timestamptz, available_at timestamptz, has_others boolean)
LANGUAGE plpgsql ROWS 500
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET jit = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
    -- For this transaction only: the next one of the session is durable again.
    PERFORM set_config('synchronous_commit', 'off', true);
    RETURN QUERY
    WITH due AS (
        SELECT o.row_id FROM {{outbox}} o
        WHERE o.status = 'pending' AND o.available_at <= now() AND o.ordering_key IS NULL
        ORDER BY o.available_at, o.row_id LIMIT most FOR UPDATE SKIP LOCKED
    ),
    claimed AS (
        UPDATE {{outbox}} o
        SET status = 'publishing', claim_token = token, claimed_at = now(), lease_until = now() + lease
        WHERE o.row_id = ANY (ARRAY(SELECT due.row_id FROM due))
        RETURNING o.*
    )
    SELECT c.row_id, c.event_id, c.subject, c.payload, c.headers, c.ordering_key, c.result, c.attempts, c.claim_token,
        -- A time that is no time of the calendar (infinity, 4713 BC) is cut to one.
        CASE WHEN c.enqueued_at IS NOT NULL THEN least(greatest(c.enqueued_at, '0001-01-02 00:00Z'), '9999-12-30 00:00Z') END,
        CASE WHEN c.available_at <> c.enqueued_at THEN least(greatest(c.available_at, '0001-01-02 00:00Z'), '9999-12-30 00:00Z') END,
        others.found
    FROM (SELECT coalesce(
              (SELECT o.available_at <= now() FROM {{outbox}} o
               WHERE o.status = 'pending' AND o.ordering_key IS NOT NULL ORDER BY o.available_at LIMIT 1), false)
          OR coalesce(
              (SELECT o.lease_until <= now() FROM {{outbox}} o
               WHERE o.status = 'publishing' ORDER BY o.lease_until, o.row_id LIMIT 1), false) AS found) others
    LEFT JOIN claimed c ON true;
END
$$;
