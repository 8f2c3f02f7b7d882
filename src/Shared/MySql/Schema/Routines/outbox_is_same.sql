-- Tells a writer whose event id is taken what is there: 1 where the row has this subject and payload, 0 where it has others, null
-- where no row has the id.
-- It runs with its owner's rights, so that the app's user need not read the rows: who asks learns nothing but yes or no.
CREATE PROCEDURE {{outbox.is_same}}(
    of_event VARBINARY(1020), of_subject VARCHAR(255) CHARACTER SET utf8mb4, of_payload LONGTEXT CHARACTER SET utf8mb4)
SQL SECURITY DEFINER
BEGIN
    SELECT (SELECT CAST(o.subject AS BINARY) = CAST(of_subject AS BINARY) AND CAST(o.payload AS BINARY) = CAST(of_payload AS BINARY)
            FROM {{outbox}} o WHERE o.event_id = of_event) AS is_same;
END
