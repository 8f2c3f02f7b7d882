-- Completes claims together, and returns the places of those that it has completed. It leaves out records that another
-- transaction has locked: so it waits for none of them, and cannot take part in a deadlock.
-- It is a function so that a session plans it once. The records are found by their ids and hashed with the batch: another plan
-- would read all records and look for each in the batch, which is as cheap while there are few, and would be kept as the inbox
-- grows. The status is an expression, so that no plan begins with an index on it.
CREATE OR REPLACE FUNCTION {{inbox.mark}}(event_ids text[], consumers text[], replay_ids text[], tokens text[])
RETURNS TABLE (marked bigint)
LANGUAGE plpgsql ROWS 10
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_nestloop = off SET enable_mergejoin = off SET jit = off
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH claimed AS MATERIALIZED (
        SELECT r.event_id, r.consumer, r.replay_id, m.place
        FROM unnest(event_ids, consumers, replay_ids, tokens) WITH ORDINALITY AS m (event_id, consumer, replay_id, claim_token, place)
        JOIN {{inbox}} AS r ON r.event_id = m.event_id AND r.consumer = m.consumer AND r.replay_id = m.replay_id
        WHERE r.event_id = ANY (event_ids) AND r.status || '' = 'processing' AND r.claim_token = m.claim_token
        FOR UPDATE OF r SKIP LOCKED)
    UPDATE {{inbox}} AS r SET
        status = 'processed', processed_at = clock_timestamp(), lease_until = NULL,
        failed_at = NULL, error_code = NULL, error_message = NULL
    FROM claimed
    WHERE r.event_id = ANY (event_ids) AND r.event_id = claimed.event_id AND r.consumer = claimed.consumer AND r.replay_id = claimed.replay_id
    RETURNING claimed.place;
END
$$;
