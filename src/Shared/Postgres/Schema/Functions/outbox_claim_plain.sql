-- Claims due rows without a key, which is nearly always all there is. It returns at least one row, whose last column says
-- whether there may be others: keyed rows that are due, or claims whose lease has ended.
-- It is a function so that a session plans it once. Planning takes several times as long as claiming a row, and prepared
-- statements do not work behind every pooler. Its settings keep the plan good for a table of any size: a plan that was made
-- while the table was small would later read all of it.
CREATE OR REPLACE FUNCTION {{outbox.claim_plain}}(token text, lease interval, most bigint, most_bytes bigint, max_unfinished integer)
RETURNS TABLE (row_id bigint, event_id text, subject text, payload text, headers text, ordering_key text, result text,
    attempts integer, claim_token text, enqueued_at timestamptz, available_at timestamptz, octets bigint, unfinished integer,
    has_others boolean)
LANGUAGE plpgsql ROWS 500
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET jit = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
    -- The commit of a claim waits for no disk, in this transaction only. A claim that is lost in a crash of the server looks
    -- like one whose lease has ended: its rows are due again. The rows themselves and their marks are durable.
    PERFORM set_config('synchronous_commit', 'off', true);
    RETURN QUERY
    WITH due AS (
        SELECT o.row_id,
            {{outbox.claim_cost}}({{outbox.octets}}(o.payload, o.headers, o.result), o.unfinished, most, most_bytes) AS cost
        FROM {{outbox}} o
        WHERE o.status = 'pending' AND o.available_at <= now() AND o.ordering_key IS NULL
        ORDER BY o.available_at, o.row_id LIMIT most FOR UPDATE SKIP LOCKED
    ),
    fitting AS (
        SELECT row_id FROM
            (SELECT due.row_id, sum(due.cost) OVER line AS total, row_number() OVER line AS place
             FROM due WINDOW line AS (ROWS UNBOUNDED PRECEDING)) counted
        WHERE total <= 1.000001 OR place = 1
    ),
    claimed AS (
        UPDATE {{outbox}} o
        SET status = 'publishing', claim_token = token, claimed_at = now(), lease_until = now() + lease, unfinished = o.unfinished + 1
        WHERE o.row_id = ANY (ARRAY(SELECT fitting.row_id FROM fitting))
        RETURNING o.*, {{outbox.octets}}(o.payload, o.headers, o.result) AS octets
    ),
    -- What cannot be worked on is not even read.
    readable AS (
        SELECT c.*, c.octets <= most_bytes AND c.unfinished <= max_unfinished AS is_readable FROM claimed c
    )
    SELECT c.row_id, c.event_id, c.subject, CASE WHEN c.is_readable THEN c.payload END, CASE WHEN c.is_readable THEN c.headers END,
        c.ordering_key, CASE WHEN c.is_readable THEN c.result END, c.attempts, c.claim_token,
        -- A time outside of the calendar (infinity, 4713 BC) is cut to one inside.
        CASE WHEN c.enqueued_at IS NOT NULL THEN least(greatest(c.enqueued_at, '0001-01-02 00:00Z'), '9999-12-30 00:00Z') END,
        CASE WHEN c.available_at <> c.enqueued_at THEN least(greatest(c.available_at, '0001-01-02 00:00Z'), '9999-12-30 00:00Z') END,
        c.octets, c.unfinished - 1, others.found
    FROM (SELECT coalesce(
              (SELECT o.available_at <= now() FROM {{outbox}} o
               WHERE o.status = 'pending' AND o.ordering_key IS NOT NULL ORDER BY o.available_at LIMIT 1), false)
          OR coalesce(
              (SELECT o.lease_until <= now() FROM {{outbox}} o
               WHERE o.status = 'publishing' ORDER BY o.lease_until, o.row_id LIMIT 1), false) AS found) others
    LEFT JOIN readable c ON true;
END
$$;
