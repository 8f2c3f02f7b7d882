-- Least privilege. Each role gets what its part of the system does, and nothing else; it cannot log in: grant it to the users
-- that the processes connect as. Running this again narrows what was granted by hand on these tables to what stands here;
-- other tables of the schema, such as those of handlers, keep their grants.

-- The app: writes its own columns. It reads nothing (but whether the row of an id is the event that it has), changes nothing, and
-- cannot write a row that is already sent.
-- (The trigger that numbers the rows of a key takes a number of its own, hence the sequence. Functions are granted because
-- what everybody may execute by default is often taken away.)
REVOKE ALL ON {{tables}} FROM {{role:app}};
GRANT USAGE ON SCHEMA {{schema}} TO {{role:app}};
GRANT INSERT (event_id, subject, payload, headers, ordering_key, enqueued_at, available_at, result) ON {{outbox}} TO {{role:app}};
GRANT USAGE ON SEQUENCE {{outbox.row_ids}} TO {{role:app}};
GRANT SELECT ON SEQUENCE {{outbox.awaited_until}} TO {{role:app}};
GRANT EXECUTE ON FUNCTION {{outbox.key_lock}}, {{outbox.lock_keys}}, {{outbox.is_same}} TO {{role:app}};

-- The relay: reads rows and changes their state, never what the app wrote. (Among the jobs it looks for a pause.)
REVOKE ALL ON {{tables}} FROM {{role:relay}};
GRANT USAGE ON SCHEMA {{schema}} TO {{role:relay}};
GRANT SELECT ON {{outbox}}, {{outbox.sent}} TO {{role:relay}};
GRANT UPDATE (status, attempts, unfinished, claim_token, claimed_at, lease_until, available_at, sent_at, failed_at, skipped_at, shelved_at,
    released_token, error_code, error_message) ON {{outbox}} TO {{role:relay}};
GRANT EXECUTE ON FUNCTION {{outbox.heads}}, {{outbox.due_heads}}, {{outbox.find_plain}}, {{outbox.has_others}}, {{outbox.claim_plain}},
    {{outbox.lock_plain}}, {{outbox.octets}}, {{outbox.claim_cost}}, {{outbox.mark_sent}}, {{outbox.until_due}}, {{outbox.await}} TO {{role:relay}};
GRANT SELECT, UPDATE ON SEQUENCE {{outbox.awaited_until}} TO {{role:relay}};
GRANT SELECT ON {{jobs}} TO {{role:relay}};
{{relay:delete}}
{{relay:archive}}

-- The cleaner: deletes what is finished, and ends claims whose lease is over.
REVOKE ALL ON {{tables}} FROM {{role:cleaner}};
GRANT USAGE ON SCHEMA {{schema}} TO {{role:cleaner}};
GRANT SELECT, DELETE ON {{outbox}}, {{inbox}} TO {{role:cleaner}};
GRANT SELECT ON {{outbox.sent}} TO {{role:cleaner}};
GRANT UPDATE (status, claim_token, claimed_at, lease_until, available_at, failed_at, skipped_at, shelved_at, error_code, error_message)
    ON {{outbox}} TO {{role:cleaner}};
GRANT UPDATE (status, claim_token, claimed_at, lease_until, failed_at, error_code, error_message) ON {{inbox}} TO {{role:cleaner}};
GRANT EXECUTE ON FUNCTION {{outbox.sent_upkeep}} TO {{role:cleaner}};
GRANT SELECT, INSERT, UPDATE, DELETE ON {{jobs}} TO {{role:cleaner}};

-- The doctor looks with it whether the schema is up to date, and whether the sequence is behind the rows.
GRANT SELECT ON {{migrations}} TO {{role:cleaner}};
GRANT SELECT ON SEQUENCE {{outbox.row_ids}} TO {{role:cleaner}};

-- The consumer: keeps the inbox, and its handlers write new events as the app does.
REVOKE ALL ON {{tables}} FROM {{role:consumer}};
GRANT USAGE ON SCHEMA {{schema}} TO {{role:consumer}};
GRANT SELECT, INSERT, UPDATE ON {{inbox}} TO {{role:consumer}};
GRANT INSERT (event_id, subject, payload, headers, ordering_key, enqueued_at, available_at, result) ON {{outbox}} TO {{role:consumer}};
GRANT USAGE ON SEQUENCE {{outbox.row_ids}} TO {{role:consumer}};
GRANT SELECT ON SEQUENCE {{outbox.awaited_until}} TO {{role:consumer}};
GRANT EXECUTE ON FUNCTION {{outbox.key_lock}}, {{outbox.lock_keys}}, {{outbox.is_same}}, {{inbox.claim}}, {{inbox.mark}}, {{inbox.complete}} TO {{role:consumer}};
GRANT SELECT ON {{jobs}} TO {{role:consumer}};
{{consumer:tables}}
