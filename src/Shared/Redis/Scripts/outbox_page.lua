-- Reads a page of a sorted set: members whose score is so long ago. KEYS: the set. ARGV: how long ago in ms, how many to pass by, how many.
-- include: clock
local last = clock_now() - tonumber(ARGV[1])
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', last, 'LIMIT', ARGV[2], ARGV[3])
