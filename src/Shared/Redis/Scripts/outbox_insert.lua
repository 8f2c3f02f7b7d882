-- Writes events, and with them what an app's commands say: all of it, or nothing.
-- KEYS: the bucket, then rows and the app's keys. ARGV: version, buckets, the events, the commands, and 1 where the results of the commands
-- become the result of the first event.
-- Returns {'written', results}; {'taken', results of the first row, state of each event} where ids are taken; {'condition', place} or
-- {'refused', place, reason} of the commands.
-- include: box
-- include: lines
-- include: events
-- include: commands
local refusal = schema_refusal()
if refusal then
  return refusal
end
local tag = string.match(box.schema, '^{.-}')
local events, at = events_read(3)
local commands
commands, at = commands_read(at)

local states, is_taken, reason = events_check(events, tag)
if reason then
  return reason
end
if is_taken then
  return { 'taken', redis.pcall('HGET', events[1].row, 'result'), states }
end
local refused = commands_check(commands, tag)
if refused then
  return refused
end
sets_require()

local results = commands_apply(commands)
if ARGV[at] == '1' then
  events[1].result = results
end
local now = clock_now()
for _, event in ipairs(events) do
  event_write(event, now)
end
return { 'written', results }
