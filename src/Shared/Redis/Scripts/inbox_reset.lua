-- include: inbox_records
-- Ends claims whose lease ended long enough ago. A member of the set that is no such claim is put right.
-- KEYS: leases, failed, then each record. ARGV: how long ago (ms), error code, error message. Returns how many claims were ended.
local now, ended = clock_now(), 0
redis.call('ZCARD', KEYS[1])
redis.call('ZCARD', KEYS[2])
for i = 3, #KEYS do
  local member = inbox_member(KEYS[i], KEYS[1])
  local record = redis.pcall('HMGET', KEYS[i], 'status', 'leaseUntil')
  if record.err or record[1] ~= 'processing' then
    redis.call('ZREM', KEYS[1], member)
  elseif (tonumber(record[2] or 0) or 0) > now - tonumber(ARGV[1]) then
    redis.call('ZADD', KEYS[1], record[2], member)
  else
    -- Without its token the late handler's commit cannot hold, whenever it comes.
    redis.call('ZREM', KEYS[1], member)
    redis.call('HSET', KEYS[i], 'status', 'failed', 'failedAt', now, 'errorCode', ARGV[2], 'errorMessage', ARGV[3])
    redis.call('HDEL', KEYS[i], 'leaseUntil', 'claimToken')
    redis.call('ZADD', KEYS[2], now, member)
    ended = ended + 1
  end
end
return ended
