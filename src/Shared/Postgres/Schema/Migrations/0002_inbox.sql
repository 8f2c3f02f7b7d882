-- The inbox: what a consumer remembers of an event. One look by event id shows what every consumer did with it.
CREATE TABLE {{inbox}} (
    event_id        text COLLATE "C" NOT NULL,
    consumer        text COLLATE "C" NOT NULL,
    status          text             NOT NULL,
    deliveries      integer          NOT NULL DEFAULT 0,
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

    CONSTRAINT {{inbox:pkey}} PRIMARY KEY (event_id, consumer)
);

-- What the cleanup deletes, oldest first, and the claims whose lease may have ended.
CREATE INDEX {{inbox:processed_at}} ON {{inbox}} (processed_at)
    WHERE status = 'processed';
CREATE INDEX {{inbox:leased}} ON {{inbox}} (lease_until NULLS FIRST)
    WHERE status = 'processing';

-- Which maintenance job runs where, and how far it came.
CREATE TABLE {{jobs}} (
    job         text COLLATE "C" NOT NULL,
    claim_token text COLLATE "C" NOT NULL,
    lease_until timestamptz      NOT NULL,
    cursor      text,

    CONSTRAINT {{jobs:pkey}} PRIMARY KEY (job)
);
