-- Completes a claim as the last statement of its handler's transaction. The client sends it together with the COMMIT: where the
-- claim cannot be completed this function fails, so that nothing of the transaction is committed. RB001 means that this is not
-- the transaction of the claim, which carries the claim's token as a setting. RB002 means that the claim is lost.
-- new_emitted: which events the handler has emitted; null if none.
CREATE OR REPLACE FUNCTION {{inbox.complete}}(of_event text, of_consumer text, of_replay text, of_token text, new_emitted text) RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off AS $$
BEGIN
    IF current_setting('relaybox.claim', true) IS DISTINCT FROM of_token THEN
        RAISE EXCEPTION 'This is not the transaction of the claim.' USING ERRCODE = 'RB001';
    END IF;
    UPDATE {{inbox}} AS r SET
        status = 'processed', processed_at = clock_timestamp(), lease_until = NULL,
        failed_at = NULL, error_code = NULL, error_message = NULL, emitted = new_emitted
    WHERE r.event_id = of_event AND r.consumer = of_consumer AND r.replay_id = of_replay
        AND r.status = 'processing' AND r.claim_token = of_token;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'The claim no longer holds.' USING ERRCODE = 'RB002';
    END IF;
END
$$;
