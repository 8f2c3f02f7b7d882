-- Writes what a handler enlisted and emitted, and marks its message as processed: all of it, or nothing.
-- KEYS: the bucket, the inbox's leases, its processed, the record, then rows and the app's keys. ARGV: version, buckets, token, the events,
-- the commands, and where there are events what the record keeps of them.
-- Returns {'committed'}, {'lost'}, {'taken', state of each event}, or what a check says of the commands. A full server refuses the first
-- write, that of the set of processed records, and so all of it.
-- include: box
-- include: lines
-- include: events
-- include: commands
-- include: inbox_records
local leases, processed, key = KEYS[first_row], KEYS[first_row + 1], KEYS[first_row + 2]
local record = redis.call('HMGET', key, 'status', 'claimToken')
if record[2] ~= ARGV[3] or (record[1] ~= 'processing' and record[1] ~= 'processed') then
  return { 'lost' }
end
if record[1] == 'processed' then
  -- This is the commit's own earlier call, whose answer was lost.
  return { 'committed' }
end

local tag = string.match(box.schema, '^{.-}')
local events, at = events_read(4)
local commands, last = commands_read(at)
local emitted = ARGV[last]
redis.call('ZCARD', leases)
redis.call('ZCARD', processed)
if #events > 0 then
  local refusal = schema_refusal()
  if refusal then
    return refusal
  end
  sets_require()
  local states, is_taken, reason = events_check(events, tag)
  if reason then
    return reason
  end
  if is_taken then
    return { 'taken', states }
  end
end
local refused = commands_check(commands, tag)
if refused then
  return refused
end

local now = clock_now()
redis.call('ZADD', processed, now, inbox_member(key, leases))
inbox_processed({ key }, leases, processed, now)
if emitted then
  redis.call('HSET', key, 'emitted', emitted)
end
commands_apply(commands)
for _, event in ipairs(events) do
  event_write(event, now)
end
return { 'committed' }
