-- Completes a claim as the last statement of its handler's transaction. It goes to the server together with the COMMIT that
-- follows: where the claim cannot be completed this fails, so that nothing of the transaction is committed. The setting is the
-- transaction's own mark (RB001: the transaction is another one); the record's state is the fence (RB002: the claim is lost).
CREATE FUNCTION {{inbox.complete}}(of_event text, of_consumer text, of_token text) RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off AS $$
BEGIN
    IF current_setting('relaybox.claim', true) IS DISTINCT FROM of_token THEN
        RAISE EXCEPTION 'This is not the transaction of the claim.' USING ERRCODE = 'RB001';
    END IF;
    UPDATE {{inbox}} AS r SET
        status = 'processed', processed_at = clock_timestamp(), lease_until = NULL,
        failed_at = NULL, error_code = NULL, error_message = NULL
    WHERE r.event_id = of_event AND r.consumer = of_consumer AND r.status = 'processing' AND r.claim_token = of_token;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'The claim no longer holds.' USING ERRCODE = 'RB002';
    END IF;
END
$$;
