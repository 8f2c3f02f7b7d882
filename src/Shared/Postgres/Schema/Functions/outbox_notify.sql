-- Wakes the relays that sleep: the trigger calls it only while one has announced that it does (outbox_await.sql).
CREATE OR REPLACE FUNCTION {{outbox.notify}}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify({{channel}}, '');
    RETURN NULL;
END
$$;
