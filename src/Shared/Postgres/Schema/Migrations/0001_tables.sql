-- The outbox. The first columns are the app's (docs/row-contract.md); the others are the system's.
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

    -- CACHE 1: a session that kept numbers for itself would break the order of a key.
    row_id         bigint           NOT NULL GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME {{outbox.row_ids}} CACHE 1),
    attempts       integer          NOT NULL DEFAULT 0,

    -- How many claims have no outcome, the current one among them.
    unfinished     integer          NOT NULL DEFAULT 0,
    claim_token    text             COLLATE "C",
    claimed_at     timestamptz,
    lease_until    timestamptz,
    sent_at        timestamptz,
    failed_at      timestamptz,
    skipped_at     timestamptz,
    shelved_at     timestamptz,
    released_token text             COLLATE "C",
    error_code     text,
    error_message  text,

    CONSTRAINT {{outbox:pkey}} PRIMARY KEY (event_id),
    CONSTRAINT {{outbox:row_id}} UNIQUE (row_id)
) WITH (
    -- Half of each page is free for the next versions of its rows. A claim and its mark then stay in the page, and the write-ahead
    -- log takes what they change instead of the whole row (measured: 0.9 KB per row of 1 KiB instead of 3.2).
    fillfactor = 50,

    -- A sent row leaves a dead entry in the index of due rows, and each claim walks over all of these until a vacuum removes
    -- them. The default of a fifth of the table is too late: with a million rows kept it is 200,000 entries. A vacuum also must
    -- not leave the indexes out, which it may do where few pages are concerned.
    autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_scale_factor = 0.01, vacuum_index_cleanup = on
);

-- Except for the two keys, an index holds only rows that still need work. So it stays small, however many rows are kept.
CREATE INDEX {{outbox:due}} ON {{outbox}} (available_at, row_id)
    WHERE status = 'pending' AND ordering_key IS NULL;
CREATE INDEX {{outbox:leased}} ON {{outbox}} (lease_until, row_id)
    WHERE status = 'publishing';
CREATE INDEX {{outbox:parked}} ON {{outbox}} (failed_at, row_id)
    WHERE status = 'failed';

-- The rows that hold back the later rows of their key: a row is published once every earlier row of its key is sent, or is
-- parked and skipped.
CREATE INDEX {{outbox:keyed}} ON {{outbox}} (ordering_key, row_id)
    WHERE ordering_key IS NOT NULL AND status <> 'sent' AND (skipped_at IS NULL OR status IN ('pending', 'publishing'));
CREATE INDEX {{outbox:keyed_due}} ON {{outbox}} (available_at, row_id)
    WHERE status = 'pending' AND ordering_key IS NOT NULL;

-- The rows that the cleanup deletes, oldest first.
CREATE INDEX {{outbox:sent_at}} ON {{outbox}} (sent_at)
    WHERE status = 'sent';

CREATE TRIGGER {{outbox:keep_order}} BEFORE INSERT ON {{outbox}}
    FOR EACH ROW WHEN (NEW.ordering_key IS NOT NULL) EXECUTE FUNCTION {{outbox.keep_order}}();
-- Until when a relay waits to be notified of new rows: milliseconds since 1970. Transactions that notify commit one after the other, in the
-- whole database, so that an insert notifies only while a relay waits for it. This is a sequence because every transaction sees a sequence as
-- it is now, whatever its isolation and whenever it began. Everybody who may insert may read it.
CREATE SEQUENCE {{outbox.awaited_until}} MINVALUE 0 START 0 CACHE 1;
GRANT SELECT ON SEQUENCE {{outbox.awaited_until}} TO PUBLIC;
CREATE TRIGGER {{outbox:notify}} AFTER INSERT ON {{outbox}}
    FOR EACH STATEMENT WHEN (pg_sequence_last_value('{{outbox.awaited_until}}'::regclass) > date_part('epoch', clock_timestamp()) * 1000)
    EXECUTE FUNCTION {{outbox.notify}}();

-- The archive (AfterSending.Archive): sent rows, partitioned by the day on which they were sent. A row whose day has no
-- partition goes into the default one, so that a mark never fails for lack of a partition.
CREATE TABLE {{outbox.sent}} (
    event_id      text COLLATE "C" NOT NULL,
    subject       text             NOT NULL,
    payload       text             NOT NULL,
    status        text             NOT NULL,
    headers       text,
    ordering_key  text COLLATE "C",
    enqueued_at   timestamptz,
    available_at  timestamptz,
    result        text,
    row_id        bigint           NOT NULL,
    attempts      integer          NOT NULL,
    claim_token   text COLLATE "C",
    claimed_at    timestamptz,
    lease_until   timestamptz,
    sent_at       timestamptz      NOT NULL,
    failed_at     timestamptz,
    shelved_at    timestamptz,
    error_code    text,
    error_message text
) PARTITION BY RANGE (sent_at);
CREATE TABLE {{outbox.sent_other}} PARTITION OF {{outbox.sent}} DEFAULT;
CREATE INDEX {{outbox:sent_event_id}} ON {{outbox.sent}} (event_id);
CREATE INDEX {{outbox:sent_other_sent_at}} ON {{outbox.sent_other}} (sent_at);

-- The inbox: what a consumer remembers of an event. The key begins with the event id, so that one look shows what every
-- consumer did with the event. The replay id is empty, except where an operator had the event handled again.
CREATE TABLE {{inbox}} (
    event_id        text COLLATE "C" NOT NULL,
    consumer        text COLLATE "C" NOT NULL,
    replay_id       text COLLATE "C" NOT NULL DEFAULT '',
    status          text             NOT NULL,
    deliveries      integer          NOT NULL DEFAULT 0,

    -- How many attempts began and never said how they ended, and the token of the last claim that began: a handler that ends
    -- its process leaves no other trace.
    unfinished      integer          NOT NULL DEFAULT 0,
    begun_token     text COLLATE "C",
    subject         text,
    payload_hash    bytea,
    claim_token     text COLLATE "C",
    received_at     timestamptz      NOT NULL DEFAULT now(),
    claimed_at      timestamptz,
    lease_until     timestamptz,
    processed_at    timestamptz,
    failed_at       timestamptz,
    stream          text,
    stream_sequence bigint,
    error_code      text,
    error_message   text,

    -- Which events the handler has emitted, as JSON. Null where it has emitted none.
    emitted         text,

    CONSTRAINT {{inbox:pkey}} PRIMARY KEY (event_id, consumer, replay_id)
);

-- The records that the cleanup deletes, oldest first, and the claims whose lease may have ended.
CREATE INDEX {{inbox:processed_at}} ON {{inbox}} (processed_at)
    WHERE status = 'processed';
CREATE INDEX {{inbox:failed_at}} ON {{inbox}} (failed_at)
    WHERE status = 'failed';
CREATE INDEX {{inbox:leased}} ON {{inbox}} (lease_until NULLS FIRST)
    WHERE status = 'processing';

-- Which maintenance job runs where, and how far it has come.
CREATE TABLE {{jobs}} (
    job         text COLLATE "C" NOT NULL,
    claim_token text COLLATE "C" NOT NULL,
    lease_until timestamptz      NOT NULL,
    cursor      text,

    CONSTRAINT {{jobs:pkey}} PRIMARY KEY (job)
);
