-- The outbox. The first columns are the app's (docs/row-contract.md); the others are the system's.
-- Ids and keys are bytes: 'A1', 'a1' and 'A1 ' are three events, and the comparison of texts would make some of them one.
CREATE TABLE IF NOT EXISTS {{outbox}} (
    event_id       VARBINARY(1020) NOT NULL,
    subject        VARCHAR(255)    NOT NULL,
    payload        LONGTEXT        NOT NULL,
    status         VARCHAR(32)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'pending',
    headers        MEDIUMTEXT,
    ordering_key   VARBINARY(1020),
    enqueued_at    DATETIME(6)     NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    available_at   DATETIME(6)     NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    result         LONGTEXT,

    row_id         BIGINT          NOT NULL AUTO_INCREMENT,

    -- The row's place among those of its key, in the order in which their transactions commit. The trigger gives it.
    key_number     BIGINT,

    -- The bytes of payload, headers and result, which a claim has to know before it reads them. The trigger counts them: to compute
    -- them would read the payload.
    octets         BIGINT,

    -- Whether the row is due and waits behind an earlier one of its key: it is then out of the queue of those that a claim looks at.
    waits          BOOLEAN         NOT NULL DEFAULT FALSE,
    attempts       INT             NOT NULL DEFAULT 0,

    -- How many claims have no outcome, the current one among them.
    unfinished     INT             NOT NULL DEFAULT 0,
    claim_token    VARCHAR(64)     CHARACTER SET ascii COLLATE ascii_bin,
    claimed_at     DATETIME(6),
    lease_until    DATETIME(6),
    sent_at        DATETIME(6),
    failed_at      DATETIME(6),
    skipped_at     DATETIME(6),
    shelved_at     DATETIME(6),
    released_token VARCHAR(64)     CHARACTER SET ascii COLLATE ascii_bin,
    error_code     VARCHAR(255),
    error_message  TEXT,

    -- Room for what the first claim or mark adds, which empties it. Of a page that is full, a row that grows has the server write the whole
    -- page anew.
    reserve        VARBINARY(64)   DEFAULT '------------------------------------------------------------',

    -- Where the row is looked for, and by which time: 1 due, without a key; 2 due, with a key; 3 due, and waits behind another of its
    -- key; 4 claimed; 5 parked; 6 sent. Null: a status that this version does not know.
    queue          TINYINT         GENERATED ALWAYS AS (CASE status
                       WHEN 'pending' THEN IF(ordering_key IS NULL, 1, IF(waits, 3, 2))
                       WHEN 'publishing' THEN 4 WHEN 'failed' THEN 5 WHEN 'sent' THEN 6 END) STORED,
    queued_at      DATETIME(6)     GENERATED ALWAYS AS (CASE status
                       WHEN 'pending' THEN available_at WHEN 'publishing' THEN lease_until
                       WHEN 'failed' THEN failed_at WHEN 'sent' THEN sent_at END) STORED,

    -- The key that the row holds back: a row is published once every earlier row of its key is sent, or is parked and skipped.
    held_key       VARBINARY(1020) GENERATED ALWAYS AS (
                       IF(status <> 'sent' AND (skipped_at IS NULL OR status IN ('pending', 'publishing')), ordering_key, NULL)) STORED,

    PRIMARY KEY (row_id),
    UNIQUE KEY {{outbox:event_id}} (event_id),
    KEY queue (queue, queued_at),
    KEY held_key (held_key, key_number)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
