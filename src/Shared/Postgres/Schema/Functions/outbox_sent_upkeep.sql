-- Keeps the archive's partitions: makes those of the next days, and drops those whose last row is older than the retention. It
-- returns the number of removed rows, for a large partition the server's estimate; the caller comes again until that is 0.
-- Its work is bounded: it drops a few partitions at a time without reading them, leaves one that is in use to the next run, and
-- deletes rows without a partition in chunks.
-- It runs with its owner's rights, so that the role that cleans up need not own the table. The time comes from the caller.
CREATE OR REPLACE FUNCTION {{outbox.sent_upkeep}}(at timestamptz, retention interval, days_ahead integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    today   date := at::date;
    day     date;
    name    text;
    part    record;
    counted bigint;
    removed bigint := 0;
BEGIN
    -- Only one runs at a time, and no other transaction waits for it for long.
    IF NOT pg_try_advisory_xact_lock(hashtextextended('{{outbox.sent}}', 0)) THEN
        RETURN 0;
    END IF;
    PERFORM set_config('lock_timeout', '1s', true);

    FOR day IN SELECT today + n FROM generate_series(0, days_ahead) n LOOP
        name := replace('{{outbox.sent_YYYYMMDD}}', 'YYYYMMDD', to_char(day, 'YYYYMMDD'));
        CONTINUE WHEN to_regclass(name) IS NOT NULL
            OR EXISTS (SELECT FROM {{outbox.sent_other}} WHERE sent_at >= day AND sent_at < day + 1);
        BEGIN
            EXECUTE format('CREATE TABLE %s PARTITION OF {{outbox.sent}} FOR VALUES FROM (%L) TO (%L)', name, day, day + 1);
        EXCEPTION WHEN lock_not_available THEN
            -- The next runs try again. Until then rows go into the default partition.
            EXIT;
        END;
    END LOOP;

    FOR part IN
        SELECT c.oid::regclass AS partition, c.reltuples::bigint AS estimate
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = '{{outbox.sent}}'::regclass AND c.relname ~ '_sent_[0-9]{8}$'
            AND to_date(right(c.relname, 8), 'YYYYMMDD') + 1 <= at - retention
        ORDER BY right(c.relname, 8) LIMIT 10
    LOOP
        -- The estimate is -1 before the first ANALYZE.
        EXECUTE format('SELECT count(*) FROM (SELECT FROM %s LIMIT 1000) few', part.partition) INTO counted;
        BEGIN
            EXECUTE format('DROP TABLE %s', part.partition);
        EXCEPTION WHEN lock_not_available THEN
            RAISE WARNING 'Partition % is in use; it is dropped by a later cleanup.', part.partition;
            EXIT;
        END;
        removed := removed + greatest(counted, part.estimate);
    END LOOP;

    DELETE FROM {{outbox.sent_other}} WHERE ctid = ANY (ARRAY(
        SELECT o.ctid FROM {{outbox.sent_other}} o WHERE o.sent_at < at - retention ORDER BY o.sent_at LIMIT 5000));
    GET DIAGNOSTICS counted = ROW_COUNT;
    RETURN removed + counted;
END
$$;
REVOKE ALL ON FUNCTION {{outbox.sent_upkeep}} FROM PUBLIC;
