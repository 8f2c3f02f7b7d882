-- 32 times 32 buckets: a recursion that is deeper than 1,000 is refused by servers of both kinds.
INSERT INTO {{outbox.keys}} (bucket)
WITH RECURSIVE digits AS (SELECT 0 AS digit UNION ALL SELECT digit + 1 FROM digits WHERE digit < 31),
buckets AS (SELECT high.digit * 32 + low.digit AS bucket FROM digits high CROSS JOIN digits low)
SELECT buckets.bucket FROM buckets WHERE buckets.bucket NOT IN (SELECT known.bucket FROM {{outbox.keys}} known)
