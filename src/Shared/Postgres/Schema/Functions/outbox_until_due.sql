-- The seconds until the first row is due or the first lease ends: 0 or less where something is due, and at most a day either
-- way, because a time may be infinite.
CREATE OR REPLACE FUNCTION {{outbox.until_due}}() RETURNS double precision
LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET jit = off AS $$
BEGIN
    -- Each is one step into an index. With min() the planner may walk over a whole index that holds little.
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
