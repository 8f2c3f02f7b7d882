-- Numbers the rows of a key in the order in which their transactions commit: a transaction that writes a key holds the key's
-- lock until it ends. Rows without a key do not come here.
-- A sequence that was set back, as by a restore, would number a row before earlier ones of its key that are not sent yet: that is
-- refused. To look for these it runs with its owner's rights, because the app reads no rows. Its settings keep the look on the
-- index of the key, one step of it, whatever the size of the table was when the plan was made.
CREATE OR REPLACE FUNCTION {{outbox.keep_order}}() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(TG_RELID::integer, {{outbox.key_lock}}(NEW.ordering_key));
    NEW.row_id := nextval('{{outbox.row_ids}}');
    IF EXISTS (
        SELECT FROM {{outbox}} o
        WHERE o.ordering_key = NEW.ordering_key AND o.row_id >= NEW.row_id
            AND o.status <> 'sent' AND (o.skipped_at IS NULL OR o.status IN ('pending', 'publishing')))
    THEN
        RAISE EXCEPTION 'The sequence {{outbox.row_ids}} is behind the rows of {{outbox}}, as after a restore or a switch to a replica.'
            USING ERRCODE = 'RB003', HINT = 'Invoke the Setup function, or run ./run migrate, which puts it right, and repeat the transaction.';
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION {{outbox.keep_order}} FROM PUBLIC;
