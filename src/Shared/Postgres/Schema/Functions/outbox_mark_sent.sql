-- Records that rows were sent, and returns the places of those that it has changed. A claimed row changes under its own token
-- only; without a token the mark holds on a pending row. This is the only place where a row becomes sent.
-- It is a function so that a session plans it once. The rows are read by their numbers and hashed with the batch: another plan
-- would read all rows and look for each in the batch, which is as cheap while there are few rows, and would be kept as the table
-- grows. The status is an expression, so that no plan begins with an index on it.
CREATE OR REPLACE FUNCTION {{outbox.mark_sent}}(row_ids bigint[], tokens text[], after_sending text)
RETURNS TABLE (place bigint)
LANGUAGE plpgsql ROWS 10
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_nestloop = off SET enable_mergejoin = off SET jit = off
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
    CASE after_sending
        WHEN 'keep' THEN
            -- The row keeps the token that sent it, so that a repeated call recognizes its own work.
            RETURN QUERY
            UPDATE {{outbox}} o
            SET status = 'sent', sent_at = now(), unfinished = 0, claimed_at = NULL, lease_until = NULL, error_code = NULL, error_message = NULL
            FROM unnest(row_ids, tokens) WITH ORDINALITY AS m (row_id, token, place)
            WHERE o.row_id = ANY (row_ids) AND o.row_id = m.row_id
                AND ((o.status || '' = 'publishing' AND o.claim_token = m.token) OR (o.status || '' = 'pending' AND m.token IS NULL))
            RETURNING m.place;
        WHEN 'delete' THEN
            RETURN QUERY
            DELETE FROM {{outbox}} o
            USING unnest(row_ids, tokens) WITH ORDINALITY AS m (row_id, token, place)
            WHERE o.row_id = ANY (row_ids) AND o.row_id = m.row_id
                AND ((o.status || '' = 'publishing' AND o.claim_token = m.token) OR (o.status || '' = 'pending' AND m.token IS NULL))
            RETURNING m.place;
        WHEN 'archive' THEN
            RETURN QUERY
            WITH deleted AS (
                DELETE FROM {{outbox}} o
                USING unnest(row_ids, tokens) WITH ORDINALITY AS m (row_id, token, place)
                WHERE o.row_id = ANY (row_ids) AND o.row_id = m.row_id
                    AND ((o.status || '' = 'publishing' AND o.claim_token = m.token) OR (o.status || '' = 'pending' AND m.token IS NULL))
                RETURNING m.place, o.*
            ),
            archived AS (
                INSERT INTO {{outbox.sent}} (status, sent_at, claim_token,
                    event_id, subject, payload, headers, ordering_key, enqueued_at, available_at, result, row_id, attempts)
                SELECT 'sent', now(), claim_token,
                    event_id, subject, payload, headers, ordering_key, enqueued_at, available_at, result, row_id, attempts
                FROM deleted
            )
            SELECT deleted.place FROM deleted;
    END CASE;
END
$$;
