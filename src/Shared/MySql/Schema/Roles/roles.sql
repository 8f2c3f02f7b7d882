-- Least privilege. Each role gets what its part of the system does, and nothing else; it cannot log in: grant it to the users
-- that the processes connect as. Setup takes away what these roles have on the tables and procedures of the schema beyond what
-- stands here; other tables of the schema, such as those of handlers, keep their grants.

-- The app: writes its own columns. It reads nothing (but whether the row of an id is the event that it has), changes nothing, and
-- cannot write a row that is already sent. The trigger and the procedures run with the rights of the user who made the schema.
GRANT INSERT (event_id, subject, payload, headers, ordering_key, enqueued_at, available_at, result) ON {{outbox}} TO {{role:app}};
GRANT EXECUTE ON PROCEDURE {{outbox.lock_keys}} TO {{role:app}};
GRANT EXECUTE ON PROCEDURE {{outbox.is_same}} TO {{role:app}};

-- The relay: reads rows and changes their state, never what the app wrote. (Among the jobs it looks for a pause.)
GRANT SELECT, UPDATE (status, waits, attempts, unfinished, claim_token, claimed_at, lease_until, available_at, sent_at, failed_at, skipped_at,
    shelved_at, released_token, error_code, error_message, reserve) ON {{outbox}} TO {{role:relay}};
GRANT SELECT ON {{jobs}} TO {{role:relay}};
{{relay:delete}}

-- The cleaner: deletes what is finished, and ends claims whose lease is over.
GRANT SELECT, DELETE, UPDATE (status, waits, claim_token, claimed_at, lease_until, available_at, failed_at, skipped_at, shelved_at, error_code,
    error_message) ON {{outbox}} TO {{role:cleaner}};
GRANT SELECT, DELETE, UPDATE (status, claim_token, claimed_at, lease_until, failed_at, error_code, error_message) ON {{inbox}} TO {{role:cleaner}};
GRANT SELECT, INSERT, UPDATE, DELETE ON {{jobs}} TO {{role:cleaner}};

-- The doctor looks with it whether the schema is up to date, and whether the numbers of keys are behind the rows.
GRANT SELECT ON {{migrations}} TO {{role:cleaner}};
GRANT SELECT ON {{outbox.keys}} TO {{role:cleaner}};

-- The consumer: keeps the inbox, and its handlers write new events as the app does.
GRANT SELECT, INSERT, UPDATE ON {{inbox}} TO {{role:consumer}};
GRANT EXECUTE ON PROCEDURE {{inbox.complete}} TO {{role:consumer}};
GRANT INSERT (event_id, subject, payload, headers, ordering_key, enqueued_at, available_at, result) ON {{outbox}} TO {{role:consumer}};
GRANT EXECUTE ON PROCEDURE {{outbox.lock_keys}} TO {{role:consumer}};
GRANT EXECUTE ON PROCEDURE {{outbox.is_same}} TO {{role:consumer}};
GRANT SELECT ON {{jobs}} TO {{role:consumer}};
{{consumer:tables}}
