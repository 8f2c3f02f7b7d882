-- Goes through the keys of the server that has this bucket. KEYS: the bucket's schema. ARGV: the cursor, the pattern, and how many keys of the
-- server to look at. Returns the next cursor, and keys.
return redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[3])
