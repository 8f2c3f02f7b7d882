-- include: clock
-- The members of a sorted set whose time was at least so long ago, the oldest first.
-- KEYS: the set. ARGV: how long ago (ms), how many at most.
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', clock_now() - tonumber(ARGV[1]), 'LIMIT', 0, ARGV[2])
