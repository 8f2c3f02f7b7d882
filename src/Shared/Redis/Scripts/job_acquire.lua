-- include: clock
-- Takes a job, unless somebody holds it.
-- KEYS: the job, and the names of all jobs. ARGV: its name, token, lease (ms). Returns the cursor, '' for none, or null where somebody else
-- holds it.
local now = clock_now()
local job = redis.call('HMGET', KEYS[1], 'claimToken', 'leaseUntil', 'cursor')
if job[1] ~= ARGV[2] and (tonumber(job[2] or 0) or 0) > now then
  return false
end

redis.call('SADD', KEYS[2], ARGV[1])
redis.call('HSET', KEYS[1], 'claimToken', ARGV[2], 'leaseUntil', now + tonumber(ARGV[3]))
return job[3] or ''
