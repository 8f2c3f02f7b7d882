-- Numbers the rows of a key in the order in which their transactions commit: a transaction that writes a key holds the key's
-- bucket until it ends. Rows without a key take no lock. It also counts the bytes that a claim of the row reads.
-- A number is at least the time in microseconds: so it is above those of earlier rows also where a restore has set the table of numbers
-- back. It reads no row of the outbox: a query in a trigger locks what it reads, and would wait for the relay.
-- RB003 means that the key's bucket is missing.
CREATE TRIGGER {{outbox.number}} BEFORE INSERT ON {{outbox}} FOR EACH ROW
BEGIN
    SET NEW.octets = OCTET_LENGTH(NEW.payload) + COALESCE(OCTET_LENGTH(NEW.headers), 0) + COALESCE(OCTET_LENGTH(NEW.result), 0);
    IF NEW.ordering_key IS NOT NULL THEN
        UPDATE {{outbox.keys}}
        SET last_number = GREATEST(last_number + 1, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)))
        WHERE bucket = CRC32(NEW.ordering_key) & 1023;
        SET NEW.key_number = (SELECT k.last_number FROM {{outbox.keys}} k WHERE k.bucket = CRC32(NEW.ordering_key) & 1023);
        IF NEW.key_number IS NULL THEN
            SIGNAL SQLSTATE 'RB003' SET MESSAGE_TEXT =
                'The table of the numbers of ordering keys lacks rows, as after a restore. Invoke the Setup function and repeat the transaction.';
        END IF;
    END IF;
END
