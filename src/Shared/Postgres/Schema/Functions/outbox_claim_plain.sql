-- Claims due rows without a key, which is nearly always all there is. It returns at least one row, whose last column says
-- whether there may be others.
-- It is a function so that a session plans it once. Planning takes several times as long as claiming a row, and prepared
-- statements do not work behind every pooler.
CREATE OR REPLACE FUNCTION {{outbox.claim_plain}}(token text, lease interval, most bigint, most_bytes bigint, max_unfinished integer)
RETURNS TABLE (row_id bigint, event_id text, subject text, payload text, headers text, ordering_key text, result text,
    attempts integer, claim_token text, enqueued_at timestamptz, available_at timestamptz, octets bigint, unfinished integer,
    has_others boolean)
LANGUAGE plpgsql ROWS 500
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET jit = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    others boolean := {{outbox.has_others}}();
    found bigint[];
BEGIN
    -- The commit of a claim waits for no disk, in this transaction only. A claim that is lost in a crash of the server looks
    -- like one whose lease has ended: its rows are due again. The rows themselves and their marks are durable.
    PERFORM set_config('synchronous_commit', 'off', true);
    found := {{outbox.find_plain}}(most, most_bytes);
    RETURN QUERY
    WITH claimed AS (
        UPDATE {{outbox}} o
        SET status = 'publishing', claim_token = token, claimed_at = now(), lease_until = now() + lease, unfinished = o.unfinished + 1
        WHERE o.row_id = ANY (found)
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
        c.octets, c.unfinished - 1, others
    FROM (SELECT) one LEFT JOIN readable c ON true;
END
$$;
