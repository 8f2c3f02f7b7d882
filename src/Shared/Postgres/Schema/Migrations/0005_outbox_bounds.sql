-- Bounds of the archive's upkeep: it reads no partition to drop it, takes a few at a time, and leaves what somebody reads to
-- the next run. Answers with the number of rows removed, which is the server's estimate for a large partition. What had no
-- partition goes in chunks; the caller comes again until the answer is 0.
CREATE INDEX {{outbox:sent_other_sent_at}} ON {{outbox.sent_other}} (sent_at);

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
    -- One at a time, and nobody waits behind it for long.
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
            -- There are days left to try again on, and the default partition after them.
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
        -- What was never analysed is estimated as -1.
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

-- Bounds of the locks of ordering keys: a key's rows are numbered under one of 1,024 locks, always the same one for a key, so
-- that a transaction of many keys does not fill the lock table of the server. Writers who are under way hold the locks of
-- before: the change waits for their end.
LOCK TABLE {{outbox}} IN SHARE ROW EXCLUSIVE MODE;

CREATE FUNCTION {{outbox.key_lock}}(ordering_key text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    'SELECT (hashtextextended(ordering_key, 0) & 1023)::integer';

-- Takes the locks of keys in the order in which everybody takes them. A transaction that is going to write several keys calls
-- this first, once, with all of them; two that meet crosswise would wait for each other until the server ends one of them.
CREATE FUNCTION {{outbox.lock_keys}}(ordering_keys text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    key_lock integer;
BEGIN
    FOR key_lock IN
        SELECT DISTINCT {{outbox.key_lock}}(k) FROM unnest(ordering_keys) k WHERE k IS NOT NULL ORDER BY 1
    LOOP
        PERFORM pg_advisory_xact_lock('{{outbox}}'::regclass::oid::integer, key_lock);
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION {{outbox.keep_order}}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(TG_RELID::integer, {{outbox.key_lock}}(NEW.ordering_key));
    NEW.row_id := nextval('{{outbox.row_ids}}');
    RETURN NEW;
END
$$;
