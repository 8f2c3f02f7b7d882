-- Every row that was sent leaves a dead entry in the index of due rows, and each claim and each poll walks over all of them
-- until a vacuum takes them away. By default that comes when a fifth of the table has changed: with a million rows kept it
-- would be 200,000 entries. It comes sooner here, whatever the size of the table, and never leaves the indexes out (which it
-- may where few pages are concerned). Other values can be set by hand.
ALTER TABLE {{outbox}} SET (autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_scale_factor = 0.01, vacuum_index_cleanup = on);
