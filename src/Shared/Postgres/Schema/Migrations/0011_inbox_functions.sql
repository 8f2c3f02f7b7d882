-- What the consumer does with each batch, as functions that a session plans once: to plan them takes longer than to carry them out.
-- Their settings keep the plans to the index of the key, whatever the size of the table was when they were made.

-- Claims the messages that may be claimed, and answers with these. Two batches lock the records that they share in one order,
-- by event id, so that neither waits for the other in a circle.
CREATE FUNCTION {{inbox.claim}}(of_consumer text, lease interval, max_deliveries integer, max_unfinished integer,
    event_ids text[], subjects text[], hashes bytea[], tokens text[], streams text[], sequences bigint[])
RETURNS TABLE (claimed_id text, delivery integer, unfinished_before integer)
LANGUAGE plpgsql ROWS 10
SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    INSERT INTO {{inbox}} AS r (
        event_id, consumer, status, deliveries, unfinished, subject, payload_hash, claim_token, begun_token,
        received_at, claimed_at, lease_until, stream, stream_sequence)
    SELECT m.event_id, of_consumer, 'processing', 1, 1, m.subject, m.payload_hash, m.claim_token, m.claim_token,
        clock_timestamp(), clock_timestamp(), clock_timestamp() + lease, m.stream, m.stream_sequence
    FROM unnest(event_ids, subjects, hashes, tokens, streams, sequences)
        AS m (event_id, subject, payload_hash, claim_token, stream, stream_sequence)
    ORDER BY m.event_id COLLATE "C"
    ON CONFLICT (event_id, consumer) DO UPDATE SET
        status = 'processing', deliveries = r.deliveries + (r.unfinished = 0)::int, subject = EXCLUDED.subject,
        payload_hash = EXCLUDED.payload_hash, claim_token = EXCLUDED.claim_token,
        unfinished = greatest(r.unfinished, 1), begun_token = CASE r.unfinished WHEN 0 THEN EXCLUDED.claim_token ELSE r.begun_token END,
        claimed_at = clock_timestamp(), lease_until = clock_timestamp() + lease,
        stream = coalesce(EXCLUDED.stream, r.stream), stream_sequence = coalesce(EXCLUDED.stream_sequence, r.stream_sequence)
    WHERE (r.status = 'failed'
            OR (r.status = 'processing' AND (r.lease_until IS NULL OR r.lease_until <= clock_timestamp())))
        AND r.deliveries < max_deliveries AND r.unfinished < max_unfinished
        AND (r.payload_hash IS NULL OR r.payload_hash = EXCLUDED.payload_hash)
    RETURNING r.event_id, r.deliveries + (r.begun_token IS DISTINCT FROM r.claim_token)::int,
        r.unfinished - (r.begun_token IS NOT DISTINCT FROM r.claim_token)::int;
END
$$;

-- Completes claims, and answers with the places of those that it has completed. Records that somebody holds right now are left
-- out, so that this neither waits for one of many nor locks them in a circle.
CREATE FUNCTION {{inbox.mark}}(event_ids text[], consumers text[], tokens text[])
RETURNS TABLE (marked bigint)
LANGUAGE plpgsql ROWS 10
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH held AS MATERIALIZED (
        SELECT r.event_id, r.consumer, m.place
        FROM unnest(event_ids, consumers, tokens) WITH ORDINALITY AS m (event_id, consumer, claim_token, place)
        JOIN {{inbox}} AS r ON r.event_id = m.event_id AND r.consumer = m.consumer
        WHERE r.status = 'processing' AND r.claim_token = m.claim_token
        FOR UPDATE OF r SKIP LOCKED)
    UPDATE {{inbox}} AS r SET
        status = 'processed', processed_at = clock_timestamp(), lease_until = NULL,
        failed_at = NULL, error_code = NULL, error_message = NULL
    FROM held WHERE r.event_id = held.event_id AND r.consumer = held.consumer
    RETURNING held.place;
END
$$;
