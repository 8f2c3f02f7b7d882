-- The lock of an ordering key: one of 1,024, always the same one for a key. So a transaction with many keys does not fill the
-- server's lock table.
CREATE OR REPLACE FUNCTION {{outbox.key_lock}}(ordering_key text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    'SELECT (hashtextextended(ordering_key, 0) & 1023)::integer';
