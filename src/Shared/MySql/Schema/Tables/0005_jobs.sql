-- Which maintenance job runs where, and how far it has come.
CREATE TABLE IF NOT EXISTS {{jobs}} (
    job         VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    claim_token VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    lease_until DATETIME(6)  NOT NULL,
    cursor_text MEDIUMTEXT,

    PRIMARY KEY (job)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
