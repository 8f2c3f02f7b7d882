-- Tells a writer whose event id is taken what is there: true where the row has this subject and payload, false where it has others,
-- null where no row has the id. It looks into the archive, too.
-- It runs with its owner's rights, so that the app's role need not read the rows: who asks learns nothing but yes or no.
CREATE OR REPLACE FUNCTION {{outbox.is_same}}(of_event text, of_subject text, of_payload text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off AS $$
BEGIN
    RETURN coalesce(
        (SELECT o.subject = of_subject AND o.payload = of_payload FROM {{outbox}} o WHERE o.event_id = of_event),
        (SELECT bool_or(s.subject = of_subject AND s.payload = of_payload) FROM {{outbox.sent}} s WHERE s.event_id = of_event));
END
$$;
REVOKE ALL ON FUNCTION {{outbox.is_same}} FROM PUBLIC;
