-- include: clock
-- Remembers how far a job has come, under its token alone.
-- KEYS: the job. ARGV: token, lease (ms; 0 gives it up), cursor ('' for none). Returns 1 where the job was still held.
if redis.call('HGET', KEYS[1], 'claimToken') ~= ARGV[1] then
  return 0
end

redis.call('HSET', KEYS[1], 'leaseUntil', clock_now() + tonumber(ARGV[2]), 'cursor', ARGV[3])
return 1
