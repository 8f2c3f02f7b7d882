-- Wakes a relay that sleeps. Transactions that notify commit one after the other, in the whole database: so a writer notifies only
-- while a relay has announced that it waits for it (outbox_await.sql). It reads the announcement from a sequence, because a sequence is
-- seen as it is now by every transaction, whatever its isolation and whenever it began.
-- It runs with its owner's rights: the app may not read the sequence.
CREATE OR REPLACE FUNCTION {{outbox.notify}}() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (SELECT s.last_value FROM {{outbox.awaited_until}} s) > date_part('epoch', clock_timestamp()) * 1000 THEN
        PERFORM pg_notify({{channel}}, '');
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION {{outbox.notify}} FROM PUBLIC;
