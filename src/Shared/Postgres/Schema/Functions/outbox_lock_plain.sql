-- Locks due rows without a key and marks them as sent, which holds once the transaction is committed. It returns them as they were, as
-- claim_plain returns claimed rows, and is a function for the same reason.
CREATE OR REPLACE FUNCTION {{outbox.lock_plain}}(most bigint, most_bytes bigint, max_unfinished integer, after_sending text)
RETURNS TABLE (row_id bigint, event_id text, subject text, payload text, headers text, ordering_key text, result text,
    attempts integer, claim_token text, enqueued_at timestamptz, available_at timestamptz, octets bigint, unfinished integer,
    has_others boolean)
LANGUAGE plpgsql ROWS 500
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET jit = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    others boolean := {{outbox.has_others}}();
    found bigint[] := {{outbox.find_plain}}(most, most_bytes);
BEGIN
    RETURN QUERY
    WITH readable AS (
        SELECT c.*, c.octets <= most_bytes AND c.unfinished < max_unfinished AS is_readable
        FROM (SELECT o.*, {{outbox.octets}}(o.payload, o.headers, o.result) AS octets FROM {{outbox}} o WHERE o.row_id = ANY (found)) c
    )
    SELECT c.row_id, c.event_id, c.subject, CASE WHEN c.is_readable THEN c.payload END, CASE WHEN c.is_readable THEN c.headers END,
        c.ordering_key, CASE WHEN c.is_readable THEN c.result END, c.attempts, c.claim_token,
        -- A time outside of the calendar (infinity, 4713 BC) is cut to one inside.
        CASE WHEN c.enqueued_at IS NOT NULL THEN least(greatest(c.enqueued_at, '0001-01-02 00:00Z'), '9999-12-30 00:00Z') END,
        CASE WHEN c.available_at <> c.enqueued_at THEN least(greatest(c.available_at, '0001-01-02 00:00Z'), '9999-12-30 00:00Z') END,
        c.octets, c.unfinished, others
    FROM (SELECT) one LEFT JOIN readable c ON true;
    PERFORM {{outbox.mark_sent}}(found, array_fill(NULL::text, ARRAY[cardinality(found)]), after_sending);
END
$$;
