-- What a relay does whenever a row wakes it, besides claiming it, as functions that a session plans once: to plan them takes several
-- times as long as to carry them out. Their settings keep the plans to the indexes, whatever the size of the table was when they
-- were made.

-- Records that claimed rows were sent, each under its own token, and answers with the places of those that it has changed. The
-- rows are read by their numbers and hashed with the batch: where there are few rows, a plan that reads all of them and looks
-- for each in the batch is as cheap, and would be kept. The status is an expression, so that no plan begins with its index.
CREATE FUNCTION {{outbox.mark_sent}}(row_ids bigint[], tokens text[], after_sending text)
RETURNS TABLE (place bigint)
LANGUAGE plpgsql ROWS 10
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_nestloop = off SET enable_mergejoin = off SET jit = off
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
    CASE after_sending
        WHEN 'keep' THEN
            -- The row keeps the token that sent it, so that a repeated call knows its own work.
            RETURN QUERY
            UPDATE {{outbox}} o
            SET status = 'sent', sent_at = now(), claimed_at = NULL, lease_until = NULL, error_code = NULL, error_message = NULL
            FROM unnest(row_ids, tokens) WITH ORDINALITY AS m (row_id, token, place)
            WHERE o.row_id = ANY (row_ids) AND o.row_id = m.row_id AND o.status || '' = 'publishing' AND o.claim_token = m.token
            RETURNING m.place;
        WHEN 'delete' THEN
            RETURN QUERY
            DELETE FROM {{outbox}} o
            USING unnest(row_ids, tokens) WITH ORDINALITY AS m (row_id, token, place)
            WHERE o.row_id = ANY (row_ids) AND o.row_id = m.row_id AND o.status || '' = 'publishing' AND o.claim_token = m.token
            RETURNING m.place;
        WHEN 'archive' THEN
            RETURN QUERY
            WITH deleted AS (
                DELETE FROM {{outbox}} o
                USING unnest(row_ids, tokens) WITH ORDINALITY AS m (row_id, token, place)
                WHERE o.row_id = ANY (row_ids) AND o.row_id = m.row_id AND o.status || '' = 'publishing' AND o.claim_token = m.token
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

-- How many seconds until the first of all rows is due, or the first lease ends: 0 or less where something is due, a day at most
-- either way, since a time may be infinite.
CREATE FUNCTION {{outbox.until_due}}() RETURNS double precision
LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET jit = off AS $$
BEGIN
    -- Each is one step into an index: min() may be planned as a walk over all of it where there is little in it.
    RETURN extract(epoch FROM greatest(now() - interval '1 day', least(
        (SELECT o.available_at FROM {{outbox}} o
         WHERE o.status = 'pending' AND o.ordering_key IS NULL ORDER BY o.available_at LIMIT 1),
        (SELECT o.available_at FROM {{outbox}} o
         WHERE o.status = 'pending' AND o.ordering_key IS NOT NULL ORDER BY o.available_at LIMIT 1),
        (SELECT o.lease_until FROM {{outbox}} o
         WHERE o.status = 'publishing' ORDER BY o.lease_until LIMIT 1),
        now() + interval '1 day')) - now())::double precision;
END
$$;
