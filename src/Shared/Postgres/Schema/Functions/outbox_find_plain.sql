-- Locks due rows without a key, as many as fit into a claim, and returns their numbers. Rows that others have locked are passed by.
-- It is a function so that a session plans it once; its settings keep the plan good for a table of any size: a plan that was made while the
-- table was small would later read all of it.
CREATE OR REPLACE FUNCTION {{outbox.find_plain}}(most bigint, most_bytes bigint) RETURNS bigint[]
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET jit = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN ARRAY(
        WITH due AS (
            SELECT o.row_id,
                {{outbox.claim_cost}}({{outbox.octets}}(o.payload, o.headers, o.result), o.unfinished, most, most_bytes) AS cost
            FROM {{outbox}} o
            WHERE o.status = 'pending' AND o.available_at <= now() AND o.ordering_key IS NULL
            ORDER BY o.available_at, o.row_id LIMIT most FOR UPDATE SKIP LOCKED
        )
        SELECT row_id FROM
            (SELECT due.row_id, sum(due.cost) OVER line AS total, row_number() OVER line AS place
             FROM due WINDOW line AS (ROWS UNBOUNDED PRECEDING)) counted
        WHERE total <= 1.000001 OR place = 1);
END
$$;
