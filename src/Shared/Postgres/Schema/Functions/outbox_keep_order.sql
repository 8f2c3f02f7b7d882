-- Numbers the rows of a key in the order in which their transactions commit: a transaction that writes a key holds the key's
-- lock until it ends. Rows without a key do not come here.
CREATE OR REPLACE FUNCTION {{outbox.keep_order}}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(TG_RELID::integer, {{outbox.key_lock}}(NEW.ordering_key));
    NEW.row_id := nextval('{{outbox.row_ids}}');
    RETURN NEW;
END
$$;
