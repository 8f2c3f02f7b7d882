-- The first unsent row of each key that has a row which is due, or one whose lease has ended: looks at so many of both, the due ones in the
-- order of their times from a place on. A key that only waits is not looked at. "place" is where to go on after a key, and "last_place"
-- where to go on after all; null: there are no more.
-- It is a function for the sake of its settings; see outbox_heads.
CREATE OR REPLACE FUNCTION {{outbox.due_heads}}(from_place text, most integer)
RETURNS TABLE (ordering_key text, claimable boolean, n bigint, place text, last_place text)
LANGUAGE plpgsql STABLE ROWS 100
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    from_time timestamptz := CASE WHEN from_place = '' THEN '-infinity' ELSE split_part(from_place, '|', 1)::timestamptz END;
    from_row bigint := CASE WHEN from_place = '' THEN -1 ELSE split_part(from_place, '|', 2)::bigint END;
BEGIN
    RETURN QUERY
    WITH due AS MATERIALIZED (
        SELECT o.ordering_key, o.available_at, o.row_id FROM {{outbox}} o
        WHERE o.status = 'pending' AND o.ordering_key IS NOT NULL AND o.available_at <= now()
            AND (o.available_at, o.row_id) > (from_time, from_row)
        ORDER BY o.available_at, o.row_id LIMIT most
    ),
    ended AS MATERIALIZED (
        SELECT o.ordering_key FROM {{outbox}} o
        WHERE o.status = 'publishing' AND o.lease_until <= now() AND o.ordering_key IS NOT NULL
        ORDER BY o.lease_until, o.row_id LIMIT most
    ),
    last AS (
        SELECT CASE WHEN (SELECT count(*) FROM due) = most OR (SELECT count(*) FROM ended) = most THEN coalesce(
            (SELECT due.available_at || '|' || due.row_id FROM due ORDER BY due.available_at DESC, due.row_id DESC LIMIT 1), from_place) END AS place
    ),
    keys AS (
        SELECT DISTINCT ON (found.ordering_key) found.ordering_key, found.available_at, found.row_id
        FROM (SELECT due.ordering_key, due.available_at, due.row_id FROM due
              UNION ALL SELECT ended.ordering_key, NULL, NULL FROM ended) found
        ORDER BY found.ordering_key, found.available_at NULLS FIRST, found.row_id
    )
    SELECT keys.ordering_key, head.claimable, row_number() OVER (ORDER BY keys.available_at NULLS FIRST, keys.row_id),
        coalesce(keys.available_at || '|' || keys.row_id, from_place), last.place
    FROM keys CROSS JOIN last CROSS JOIN LATERAL
        (SELECT (o.status = 'pending' AND o.available_at <= now()) OR (o.status = 'publishing' AND o.lease_until <= now()) AS claimable
         FROM {{outbox}} o
         WHERE o.ordering_key IS NOT NULL AND o.status <> 'sent' AND (o.skipped_at IS NULL OR o.status IN ('pending', 'publishing'))
             -- A range, not an equation: where the statistics know of one key alone, all rows would be read in the order of their numbers.
             AND o.ordering_key >= keys.ordering_key AND o.ordering_key <= keys.ordering_key
         ORDER BY o.ordering_key, o.row_id LIMIT 1) head;
END
$$;
