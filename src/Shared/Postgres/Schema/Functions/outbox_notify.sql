-- Wakes a relay that listens. Transactions that notify commit one after the other, in the whole database. Where that is too
-- slow: ALTER TABLE {{outbox}} DISABLE TRIGGER {{outbox:notify}}. The relay then finds new rows by polling.
CREATE OR REPLACE FUNCTION {{outbox.notify}}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify({{channel}}, '');
    RETURN NULL;
END
$$;
