-- Completes a claim as the last statement of its handler's transaction. The client sends it together with the COMMIT: where the
-- claim is lost it fails, so that nothing of the transaction is committed. RB002 means that.
-- new_emitted: which events the handler has emitted; null if none.
CREATE PROCEDURE {{inbox.complete}}(
    of_event VARBINARY(1020), of_consumer VARBINARY(1020), of_replay VARBINARY(1020), of_token VARCHAR(64) CHARACTER SET ascii,
    new_emitted TEXT CHARACTER SET utf8mb4)
SQL SECURITY INVOKER
BEGIN
    UPDATE {{inbox}} SET
        status = 'processed', processed_at = {{now}}, lease_until = NULL,
        failed_at = NULL, error_code = NULL, error_message = NULL, emitted = new_emitted
    WHERE event_id = of_event AND consumer = of_consumer AND replay_id = of_replay
        AND status = 'processing' AND claim_token = of_token COLLATE ascii_bin;
    IF ROW_COUNT() <> 1 THEN
        SIGNAL SQLSTATE 'RB002' SET MESSAGE_TEXT = 'The claim no longer holds.';
    END IF;
END
