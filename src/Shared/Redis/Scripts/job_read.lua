-- Reads a job without taking it. KEYS: the job. Returns its token and cursor, or null if there is no such job.
local job = redis.call('HMGET', KEYS[1], 'claimToken', 'cursor')
return job[1] and { job[1], job[2] or '' }
