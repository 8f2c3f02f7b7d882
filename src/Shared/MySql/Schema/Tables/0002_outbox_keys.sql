-- The last number that a row of each bucket of ordering keys got. A transaction that writes a key locks the row of its bucket until
-- it ends; so the numbers of a key are in the order of the commits. There are 1,024 buckets, however many keys there are.
CREATE TABLE IF NOT EXISTS {{outbox.keys}} (
    bucket      SMALLINT NOT NULL,
    last_number BIGINT   NOT NULL DEFAULT 0,

    PRIMARY KEY (bucket)
) ENGINE = InnoDB
