-- New rows of the outbox. In ARGV, from one place on: the number of events, then ten values for each of them: the place of its row in
-- KEYS, its id, subject, payload, headers, ordering key, when it was enqueued, when it is available, its result, and the channel of the
-- hint; what an event does not have is empty.

local function events_read(at)
  local events = {}
  local count = tonumber(ARGV[at])
  at = at + 1
  for i = 1, count do
    local function optional(place)
      return ARGV[at + place] ~= '' and ARGV[at + place] or nil
    end
    events[i] = {
      row = KEYS[tonumber(ARGV[at])], id = ARGV[at + 1], subject = ARGV[at + 2], payload = ARGV[at + 3], headers = optional(4), key = optional(5),
      enqueued = optional(6), available = optional(7), result = optional(8), channel = optional(9),
    }
    at = at + 10
  end
  return events, at
end

local function text_is_utf8(text)
  local i = 1
  while i <= #text do
    local b, c = string.byte(text, i, i + 1)
    local more = b < 0x80 and 0 or b >= 0xC2 and b <= 0xDF and 1 or b >= 0xE0 and b <= 0xEF and 2 or b >= 0xF0 and b <= 0xF4 and 3
    if not more or (more > 0 and not string.find(text, '^' .. string.rep('[\128-\191]', more), i + 1))
      or (b == 0xE0 and c < 0xA0) or (b == 0xED and c > 0x9F) or (b == 0xF0 and c < 0x90) or (b == 0xF4 and c > 0x8F) then
      return false
    end
    i = i + 1 + more
  end
  return true
end

-- What would make the sets ambiguous. Everything else of the row contract the relay checks.
local function event_refusal(event, tag)
  local function is_name(text)
    return text ~= '' and not string.find(text, '%c') and text_is_utf8(text)
  end
  local function is_time(text)
    return not text or (string.find(text, '^%d+$') and #text <= 15)
  end
  return event.row ~= tag .. ':row:' .. event.id and 'the key of the row must be ' .. tag .. ':row:<event id>'
    or not is_name(event.id) and 'the event id must be text without control characters'
    or event.key and not is_name(event.key) and 'the ordering key must be text without control characters'
    or event.subject == '' and 'the subject is missing'
    or not (is_time(event.enqueued) and is_time(event.available)) and 'a time must be whole milliseconds since 1970'
    or nil
end

-- 'new', or where the id is taken 'same' (the row has this subject and payload) or 'other'.
local function event_state(event)
  local row = redis.pcall('HMGET', event.row, 'subject', 'payload')
  if not row.err and not row[1] and redis.call('EXISTS', event.row) == 0 then
    return 'new'
  end
  return not row.err and row[1] == event.subject and row[2] == event.payload and 'same' or 'other'
end

-- What is known of each event's id, and whether any of them is taken; an error instead where an event would make the sets ambiguous.
local function events_check(events, tag)
  local states, rows, is_taken = {}, {}, false
  for i, event in ipairs(events) do
    local reason = event_refusal(event, tag)
    if reason then
      return nil, nil, redis.error_reply('RELAYBOX_EVENT ' .. reason)
    end
    states[i] = rows[event.row] and 'twice' or event_state(event)
    rows[event.row] = true
    is_taken = is_taken or states[i] ~= 'new'
  end
  return states, is_taken, nil
end

local function event_write(event, now)
  event.enqueued = event.enqueued or whole(now)
  local due = event.available or event.enqueued
  local fields = { 'status', 'pending', 'subject', event.subject, 'payload', event.payload, 'enqueuedAt', event.enqueued }
  local function add(name, value)
    if value then
      fields[#fields + 1] = name
      fields[#fields + 1] = value
    end
  end
  add('headers', event.headers)
  add('availableAt', event.available)
  add('result', event.result)
  if event.key then
    event.seq = string.format('%016.0f', redis.call('INCR', box.seq))
    add('orderingKey', event.key)
    add('seq', event.seq)
  end
  redis.call('HSET', event.row, unpack(fields))
  local member = member_of(event.id, event.key, event.seq, due)
  if event.key then
    redis.call('ZADD', box.lines, 0, member)
  end
  line_wait(member, due)
  if event.channel then
    -- A hint: the relay finds the row without it, too.
    redis.pcall('PUBLISH', event.channel, '')
  end
end
