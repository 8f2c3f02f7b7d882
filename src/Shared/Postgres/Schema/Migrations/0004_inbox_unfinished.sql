-- Attempts that began and never said how they ended, and the token of the claim that began last: a handler that ends its
-- process leaves nothing else behind.
ALTER TABLE {{inbox}}
    ADD COLUMN unfinished  integer NOT NULL DEFAULT 0,
    ADD COLUMN begun_token text COLLATE "C";
