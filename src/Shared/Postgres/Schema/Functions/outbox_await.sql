-- Announces that a relay waits for notifications for so many milliseconds from now, and then looks: the seconds until something is due,
-- as outbox_until_due tells them. With 0 the announcement ends, and nothing is looked for.
-- A row whose transaction read the announcement before it was made, and commits after the look, is announced by nobody. The relay looks
-- again soon after it fell asleep, and then at intervals, for these.
CREATE OR REPLACE FUNCTION {{outbox.await}}(milliseconds bigint) RETURNS double precision LANGUAGE plpgsql AS $$
DECLARE
    now_ms bigint := date_part('epoch', clock_timestamp()) * 1000;
    left_ms bigint := (SELECT s.last_value FROM {{outbox.awaited_until}} s) - now_ms;
BEGIN
    -- An announcement that lasts for long enough is not written again: a relay that waits for hours writes next to nothing.
    IF milliseconds = 0 AND left_ms > 0 OR milliseconds > 0 AND left_ms NOT BETWEEN milliseconds / 2 AND milliseconds THEN
        -- Nobody waits for the disk: what a crash of the server takes back is announced by the next look.
        PERFORM set_config('synchronous_commit', 'off', true);
        PERFORM setval('{{outbox.awaited_until}}', CASE milliseconds WHEN 0 THEN 0 ELSE now_ms + milliseconds END);
    END IF;
    RETURN CASE WHEN milliseconds > 0 THEN {{outbox.until_due}}() END;
END
$$;
