-- As before, but for how the records are found: by their ids, and hashed with the batch. The old form left a plan open that reads
-- all records and looks for each of them in the batch, which is as cheap while there are few; the session kept it while the inbox grew.
-- The status is an expression, so that no plan begins with its index.
CREATE OR REPLACE FUNCTION {{inbox.mark}}(event_ids text[], consumers text[], tokens text[])
RETURNS TABLE (marked bigint)
LANGUAGE plpgsql ROWS 10
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_nestloop = off SET enable_mergejoin = off SET jit = off
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH held AS MATERIALIZED (
        SELECT r.event_id, r.consumer, m.place
        FROM unnest(event_ids, consumers, tokens) WITH ORDINALITY AS m (event_id, consumer, claim_token, place)
        JOIN {{inbox}} AS r ON r.event_id = m.event_id AND r.consumer = m.consumer
        WHERE r.event_id = ANY (event_ids) AND r.status || '' = 'processing' AND r.claim_token = m.claim_token
        FOR UPDATE OF r SKIP LOCKED)
    UPDATE {{inbox}} AS r SET
        status = 'processed', processed_at = clock_timestamp(), lease_until = NULL,
        failed_at = NULL, error_code = NULL, error_message = NULL
    FROM held
    WHERE r.event_id = ANY (event_ids) AND r.event_id = held.event_id AND r.consumer = held.consumer
    RETURNING held.place;
END
$$;
