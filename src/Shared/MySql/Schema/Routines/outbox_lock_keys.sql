-- Takes the locks of ordering keys, in the same order in every transaction. A transaction that writes several keys calls this first,
-- once, with all of them as a JSON array of texts. Without it, two transactions that write the same keys in different orders can wait
-- for each other until the server ends one of them.
-- It runs with its owner's rights, so that the app's user need not have any on the table of numbers.
CREATE PROCEDURE {{outbox.lock_keys}}(of_keys LONGTEXT CHARACTER SET utf8mb4)
SQL SECURITY DEFINER
BEGIN
    UPDATE {{outbox.keys}} SET last_number = last_number
    WHERE bucket IN (
        SELECT CRC32(j.ordering_key) & 1023
        FROM JSON_TABLE(of_keys, '$[*]' COLUMNS (ordering_key VARCHAR(255) CHARACTER SET utf8mb4 PATH '$')) j)
    ORDER BY bucket;
END
