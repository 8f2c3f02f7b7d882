-- Forgets a job, under its token alone.
-- KEYS: the job, and the names of all jobs. ARGV: its name, token. Returns 1 where the job was still held.
if redis.call('HGET', KEYS[1], 'claimToken') ~= ARGV[2] then
  return 0
end

redis.call('DEL', KEYS[1])
redis.call('SREM', KEYS[2], ARGV[1])
return 1
