-- Sent rows that were moved out of the outbox (AfterSending.Archive), by the day on which they were sent. What finds no
-- partition for its day goes into the default one, so that recording never fails for want of one.
CREATE TABLE {{outbox.sent}} (
    event_id     text COLLATE "C" NOT NULL,
    subject      text             NOT NULL,
    payload      text             NOT NULL,
    status       text             NOT NULL,
    headers      text,
    ordering_key text COLLATE "C",
    enqueued_at  timestamptz,
    available_at timestamptz,
    result       text,
    row_id       bigint           NOT NULL,
    attempts     integer          NOT NULL,
    claim_token  text COLLATE "C",
    claimed_at   timestamptz,
    lease_until  timestamptz,
    sent_at      timestamptz      NOT NULL,
    failed_at    timestamptz,
    error_code   text,
    error_message text
) PARTITION BY RANGE (sent_at);
CREATE TABLE {{outbox.sent_other}} PARTITION OF {{outbox.sent}} DEFAULT;
CREATE INDEX {{outbox:sent_event_id}} ON {{outbox.sent}} (event_id);

-- Makes the partitions of today and the days to come, and drops those whose last row is older than the retention. It runs
-- with its owner's rights, so that the role that cleans up need not own the table. The time is the caller's, as everywhere.
CREATE FUNCTION {{outbox.sent_upkeep}}(at timestamptz, retention interval, days_ahead integer) RETURNS bigint
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
    PERFORM set_config('lock_timeout', '5s', true);

    FOR day IN SELECT today + n FROM generate_series(0, days_ahead) n LOOP
        name := replace('{{outbox.sent_YYYYMMDD}}', 'YYYYMMDD', to_char(day, 'YYYYMMDD'));
        CONTINUE WHEN to_regclass(name) IS NOT NULL
            OR EXISTS (SELECT FROM {{outbox.sent_other}} WHERE sent_at >= day AND sent_at < day + 1);
        EXECUTE format('CREATE TABLE %s PARTITION OF {{outbox.sent}} FOR VALUES FROM (%L) TO (%L)', name, day, day + 1);
    END LOOP;

    FOR part IN
        SELECT c.oid::regclass AS partition, right(c.relname, 8) AS of_day
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = '{{outbox.sent}}'::regclass AND c.relname ~ '_sent_[0-9]{8}$'
    LOOP
        CONTINUE WHEN to_date(part.of_day, 'YYYYMMDD') + 1 > at - retention;
        EXECUTE format('SELECT count(*) FROM %s', part.partition) INTO counted;
        EXECUTE format('DROP TABLE %s', part.partition);
        removed := removed + counted;
    END LOOP;

    DELETE FROM {{outbox.sent_other}} WHERE sent_at < at - retention;
    GET DIAGNOSTICS counted = ROW_COUNT;
    RETURN removed + counted;
END
$$;
REVOKE ALL ON FUNCTION {{outbox.sent_upkeep}} FROM PUBLIC;
