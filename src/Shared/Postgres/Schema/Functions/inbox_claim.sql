-- Claims the messages of a batch that may be claimed, and returns these. Two batches lock the records that they share in the
-- same order, so that they cannot wait for each other.
-- It is a function so that a session plans it once. Its settings keep the plan on the index of the key, whatever the size of the
-- table was when the plan was made.
CREATE OR REPLACE FUNCTION {{inbox.claim}}(of_consumer text, lease interval, max_deliveries integer, max_unfinished integer,
    event_ids text[], replay_ids text[], subjects text[], hashes bytea[], tokens text[], streams text[], sequences bigint[])
RETURNS TABLE (claimed_id text, claimed_replay text, delivery integer, unfinished_before integer)
LANGUAGE plpgsql ROWS 10
SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    INSERT INTO {{inbox}} AS r (
        event_id, consumer, replay_id, status, deliveries, unfinished, subject, payload_hash, claim_token, begun_token,
        received_at, claimed_at, lease_until, stream, stream_sequence)
    SELECT m.event_id, of_consumer, m.replay_id, 'processing', 1, 1, m.subject, m.payload_hash, m.claim_token, m.claim_token,
        clock_timestamp(), clock_timestamp(), clock_timestamp() + lease, m.stream, m.stream_sequence
    FROM unnest(event_ids, replay_ids, subjects, hashes, tokens, streams, sequences)
        AS m (event_id, replay_id, subject, payload_hash, claim_token, stream, stream_sequence)
    ORDER BY m.event_id COLLATE "C", m.replay_id COLLATE "C"
    ON CONFLICT (event_id, consumer, replay_id) DO UPDATE SET
        status = 'processing', deliveries = r.deliveries + (r.unfinished = 0)::int, subject = EXCLUDED.subject,
        payload_hash = EXCLUDED.payload_hash, claim_token = EXCLUDED.claim_token,
        unfinished = greatest(r.unfinished, 1), begun_token = CASE r.unfinished WHEN 0 THEN EXCLUDED.claim_token ELSE r.begun_token END,
        claimed_at = clock_timestamp(), lease_until = clock_timestamp() + lease,
        stream = coalesce(EXCLUDED.stream, r.stream), stream_sequence = coalesce(EXCLUDED.stream_sequence, r.stream_sequence)
    WHERE (r.status = 'failed'
            OR (r.status = 'processing' AND (r.lease_until IS NULL OR r.lease_until <= clock_timestamp())))
        AND r.deliveries < max_deliveries AND r.unfinished < max_unfinished
        AND (r.payload_hash IS NULL OR r.payload_hash = EXCLUDED.payload_hash)
    RETURNING r.event_id, r.replay_id, r.deliveries + (r.begun_token IS DISTINCT FROM r.claim_token)::int,
        r.unfinished - (r.begun_token IS NOT DISTINCT FROM r.claim_token)::int;
END
$$;
