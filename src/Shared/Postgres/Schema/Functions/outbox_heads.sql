-- The first unsent row of each key, from a key on. Each step goes down the index once, however many rows a key has.
-- It is a function for the sake of its settings: where few rows have a key, the server's statistics do not show any, and the
-- planner would read the whole table at each step. (chr(1) gives the smallest text after a key: no text holds NUL.)
CREATE OR REPLACE FUNCTION {{outbox.heads}}(from_key text, keys integer)
RETURNS TABLE (ordering_key text, row_id bigint, claimable boolean, n integer)
LANGUAGE plpgsql STABLE ROWS 100 SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off AS $$
#variable_conflict use_column
DECLARE
    least_key text := from_key;
BEGIN
    FOR step IN 1..keys LOOP
        SELECT o.ordering_key, o.row_id,
            (o.status = 'pending' AND o.available_at <= now()) OR (o.status = 'publishing' AND o.lease_until <= now()), step
        INTO ordering_key, row_id, claimable, n
        FROM {{outbox}} o
        WHERE o.ordering_key IS NOT NULL AND o.status <> 'sent' AND (o.skipped_at IS NULL OR o.status IN ('pending', 'publishing'))
            AND o.ordering_key >= least_key COLLATE "C"
        ORDER BY o.ordering_key, o.row_id LIMIT 1;
        EXIT WHEN NOT FOUND;
        least_key := ordering_key || chr(1);
        RETURN NEXT;
    END LOOP;
END
$$;
