-- include: inbox_records
-- Ends an attempt without success. The first write frees memory, so that a server that is full executes the script all the same.
-- KEYS: leases, record, failed. ARGV: token, deliveries, unfinished, error code, error message.
-- Returns 1 where the attempt is ended under this token, by this call or an earlier one.
local record = redis.call('HMGET', KEYS[2], 'status', 'claimToken')
if record[2] ~= ARGV[1] then
  return 0
end

if record[1] == 'processing' then
  local now, member = clock_now(), inbox_member(KEYS[2], KEYS[1])
  redis.call('ZCARD', KEYS[3])
  redis.call('ZREM', KEYS[1], member)
  redis.call(
    'HSET', KEYS[2], 'status', 'failed', 'deliveries', ARGV[2], 'unfinished', ARGV[3], 'errorCode', ARGV[4], 'errorMessage', ARGV[5],
    'failedAt', now)
  redis.call('HDEL', KEYS[2], 'leaseUntil')
  redis.call('ZADD', KEYS[3], now, member)
  return 1
end
return record[1] == 'failed' and 1 or 0
