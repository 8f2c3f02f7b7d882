-- The inbox: what a consumer remembers of an event. The key begins with the event id, so that one look shows what every
-- consumer did with the event. The replay id is empty, except where an operator had the event handled again.
CREATE TABLE IF NOT EXISTS {{inbox}} (
    event_id        VARBINARY(1020) NOT NULL,
    consumer        VARBINARY(1020) NOT NULL,
    replay_id       VARBINARY(1020) NOT NULL DEFAULT '',
    status          VARCHAR(32)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    deliveries      INT             NOT NULL DEFAULT 0,

    -- How many attempts began and never said how they ended, and the token of the last claim that began: a handler that ends
    -- its process leaves no other trace.
    unfinished      INT             NOT NULL DEFAULT 0,
    begun_token     VARCHAR(64)     CHARACTER SET ascii COLLATE ascii_bin,
    subject         VARCHAR(255),
    payload_hash    VARBINARY(64),
    claim_token     VARCHAR(64)     CHARACTER SET ascii COLLATE ascii_bin,
    received_at     DATETIME(6)     NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    claimed_at      DATETIME(6),
    lease_until     DATETIME(6),
    processed_at    DATETIME(6),
    failed_at       DATETIME(6),
    stream          VARCHAR(255),
    stream_sequence BIGINT,
    error_code      VARCHAR(255),
    error_message   TEXT,

    -- Which events the handler has emitted, as JSON. Null where it has emitted none.
    emitted         TEXT,

    -- Where maintenance looks for the record, and by which time: 1 processed; 2 being processed; 3 failed. Null: it needs none.
    queue           TINYINT         GENERATED ALWAYS AS (
        CASE status WHEN 'processed' THEN 1 WHEN 'processing' THEN 2 WHEN 'failed' THEN 3 END) STORED,
    queued_at       DATETIME(6)     GENERATED ALWAYS AS (
        CASE status WHEN 'processed' THEN processed_at WHEN 'processing' THEN lease_until WHEN 'failed' THEN failed_at END) STORED,

    PRIMARY KEY (event_id, consumer, replay_id),
    KEY queue (queue, queued_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
