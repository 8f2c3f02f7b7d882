-- include: clock
-- Deletes records that have had a status for long enough. A member of the set that is no such record is put right: one that was claimed
-- again after it failed is another's.
-- KEYS: the status's set, then each record. ARGV: how long ago (ms), the status, which the set is named after, the field of its time.
-- Returns how many records were deleted.
local now, deleted = clock_now(), 0
local place = #KEYS[1] - #ARGV[2] + 1
redis.call('ZCARD', KEYS[1])
for i = 2, #KEYS do
  local member = string.sub(KEYS[i], place)
  local record = redis.pcall('HMGET', KEYS[i], 'status', ARGV[3])
  if record.err or record[1] ~= ARGV[2] or not tonumber(record[2] or '') then
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
