-- Takes the locks of ordering keys, in the same order in every transaction. A transaction that writes several keys calls this
-- first, once, with all of them. Without it, two transactions that write the same keys in different orders can wait for each
-- other until the server ends one of them.
CREATE OR REPLACE FUNCTION {{outbox.lock_keys}}(ordering_keys text[]) RETURNS void LANGUAGE plpgsql AS $$
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
