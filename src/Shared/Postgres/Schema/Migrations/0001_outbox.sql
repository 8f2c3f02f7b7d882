-- The outbox. What apps write comes first (docs/row-contract.md); the rest is the relay's.
CREATE TABLE {{outbox}} (
    event_id       text             COLLATE "C" NOT NULL,
    subject        text             NOT NULL,
    payload        text             NOT NULL,
    status         text             NOT NULL DEFAULT 'pending',
    headers        text,
    ordering_key   text             COLLATE "C",
    enqueued_at    timestamptz      NOT NULL DEFAULT now(),
    available_at   timestamptz      NOT NULL DEFAULT now(),
    result         text,

    -- No cache: numbers that a session kept for itself would break the order of a key.
    row_id         bigint           NOT NULL GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME {{outbox.row_ids}} CACHE 1),
    attempts       integer          NOT NULL DEFAULT 0,
    claim_token    text             COLLATE "C",
    claimed_at     timestamptz,
    lease_until    timestamptz,
    sent_at        timestamptz,
    failed_at      timestamptz,
    skipped_at     timestamptz,
    released_token text             COLLATE "C",
    error_code     text,
    error_message  text,

    CONSTRAINT {{outbox:pkey}} PRIMARY KEY (event_id),
    CONSTRAINT {{outbox:row_id}} UNIQUE (row_id)
);

-- Every index but the two keys holds only what there is still work to do on, and is small however many rows are kept.
CREATE INDEX {{outbox:due}} ON {{outbox}} (available_at, row_id)
    WHERE status = 'pending' AND ordering_key IS NULL;
CREATE INDEX {{outbox:leased}} ON {{outbox}} (lease_until, row_id)
    WHERE status = 'publishing';
CREATE INDEX {{outbox:parked}} ON {{outbox}} (failed_at, row_id)
    WHERE status = 'failed';

-- What stands in the way of its key: a later row of the key is not published before it is sent, or parked and skipped.
CREATE INDEX {{outbox:keyed}} ON {{outbox}} (ordering_key, row_id)
    WHERE ordering_key IS NOT NULL AND status <> 'sent' AND (skipped_at IS NULL OR status IN ('pending', 'publishing'));
CREATE INDEX {{outbox:keyed_due}} ON {{outbox}} (available_at)
    WHERE status = 'pending' AND ordering_key IS NOT NULL;

-- What the cleanup deletes, oldest first.
CREATE INDEX {{outbox:sent_at}} ON {{outbox}} (sent_at)
    WHERE status = 'sent';

-- Gives the rows of one key their numbers in the order in which their transactions commit: who writes a key holds it until
-- the end of the transaction. A transaction that writes several keys should write them in one order everywhere (sorted),
-- or two such transactions can wait for each other until the server ends one of them. Rows without a key pay nothing.
CREATE FUNCTION {{outbox.keep_order}}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(NEW.ordering_key, TG_RELID::bigint));
    NEW.row_id := nextval('{{outbox.row_ids}}');
    RETURN NEW;
END
$$;
CREATE TRIGGER {{outbox:keep_order}} BEFORE INSERT ON {{outbox}}
    FOR EACH ROW WHEN (NEW.ordering_key IS NOT NULL) EXECUTE FUNCTION {{outbox.keep_order}}();

-- Wakes a relay that listens. Transactions that notify commit one after the other, in the whole database; where that is too
-- slow: ALTER TABLE {{outbox}} DISABLE TRIGGER {{outbox:notify}}. The relay then finds new rows by asking.
CREATE FUNCTION {{outbox.notify}}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify({{channel}}, '');
    RETURN NULL;
END
$$;
CREATE TRIGGER {{outbox:notify}} AFTER INSERT ON {{outbox}}
    FOR EACH STATEMENT EXECUTE FUNCTION {{outbox.notify}}();
