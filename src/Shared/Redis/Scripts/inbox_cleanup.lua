-- include: clock
-- Deletes records that were processed long enough ago. A member of the set that is no such record is put right.
-- KEYS: processed, then each record. ARGV: how long ago (ms). Returns how many records were deleted.
local now, deleted = clock_now(), 0
local place = #KEYS[1] - #'processed' + 1
redis.call('ZCARD', KEYS[1])
for i = 2, #KEYS do
  local member = string.sub(KEYS[i], place)
  local record = redis.pcall('HMGET', KEYS[i], 'status', 'processedAt')
  if record.err or record[1] ~= 'processed' or not tonumber(record[2] or '') then
    redis.call('ZREM', KEYS[1], member)
  elseif tonumber(record[2]) > now - tonumber(ARGV[1]) then
    redis.call('ZADD', KEYS[1], record[2], member)
  else
    redis.call('DEL', KEYS[i])
    redis.call('ZREM', KEYS[1], member)
    deleted = deleted + 1
  end
end
return deleted
