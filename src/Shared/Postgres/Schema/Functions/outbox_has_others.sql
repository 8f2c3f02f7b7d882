-- Whether there may be rows to claim besides plain ones that are due: keyed rows that are due, or claims whose lease has ended.
CREATE OR REPLACE FUNCTION {{outbox.has_others}}() RETURNS boolean
LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET jit = off AS $$
BEGIN
    RETURN coalesce(
            (SELECT o.available_at <= now() FROM {{outbox}} o
             WHERE o.status = 'pending' AND o.ordering_key IS NOT NULL ORDER BY o.available_at LIMIT 1), false)
        OR coalesce(
            (SELECT o.lease_until <= now() FROM {{outbox}} o
             WHERE o.status = 'publishing' ORDER BY o.lease_until, o.row_id LIMIT 1), false);
END
$$;
