-- Writes events, and with them what an app's commands say: all of it, or nothing.
-- KEYS: the bucket, then rows and the app's keys. ARGV: version, buckets, the events, the commands, and 1 where the results of the commands
-- become the result of the first event.
-- Returns {'written', results}; {'taken', results of the first row, state of each event} where ids are taken; {'condition', place} or
-- {'refused', place, reason} of the commands.
local box = {
  schema = KEYS[1], due = KEYS[2], leases = KEYS[3], lines = KEYS[4], later = KEYS[5], sent = KEYS[6], failed = KEYS[7], seq = KEYS[8],
}
local first_row = 9

-- Nil where Setup has made this bucket (its schema is the first key) for this version (the first argument) and this number of buckets (the
-- second).
local function schema_refusal()
  local schema = redis.call('HMGET', KEYS[1], 'version', 'buckets')
  if schema[1] == ARGV[1] and schema[2] == ARGV[2] then
    return nil
  end
  return redis.error_reply('RELAYBOX_SCHEMA version ' .. (schema[1] or 'none') .. ', buckets ' .. (schema[2] or 'none'))
end


-- The server's time in milliseconds. It does not change while a script runs.
local function clock_now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- The rows of the outbox in their sorted sets. The caller has 'box': the keys of a bucket, by what they hold.
-- A row's member is <ordering key>\0<number in the bucket>\0<event id>\0<when it is due>, or \0\0<event id>\0 without an ordering key; it
-- never changes. No control character can be in a key or an id.
-- Only rows that nothing holds back are in 'due': those without a key, and the first of each line. A line is the unsent rows of one key.

-- Fails where a set is something else now: before the first write, since nothing is rolled back.
local function sets_require()
  for _, set in ipairs({ box.due, box.leases, box.lines, box.later, box.failed }) do
    redis.call('ZCARD', set)
  end
  redis.call('GET', box.seq)
end

local function whole(number)
  return string.format('%.0f', number)
end

local function member_of(id, key, number, due)
  if key and number then
    return key .. '\0' .. number .. '\0' .. id .. '\0' .. (due or '')
  end
  return '\0\0' .. id .. '\0'
end

-- The ordering key of a member; empty where it has none.
local function line_of(member)
  return string.match(member, '^[^%z]*')
end

local function due_of(member)
  return tonumber(string.match(member, '%z(%d*)$')) or 0
end

local function line_first(key)
  return redis.call('ZRANGEBYLEX', box.lines, '[' .. key .. '\0', '(' .. key .. '\1', 'LIMIT', 0, 1)[1]
end

local function line_before(member)
  return redis.call('ZREVRANGEBYLEX', box.lines, '(' .. member, '[' .. line_of(member) .. '\0', 'LIMIT', 0, 1)[1]
end

local function line_after(member, count)
  return redis.call('ZRANGEBYLEX', box.lines, '(' .. member, '(' .. line_of(member) .. '\1', 'LIMIT', 0, count)
end

-- Makes the first row of a line due, unless it is claimed or parked. A row that was put back for later waits until then.
local function line_release(key)
  local first = key ~= '' and line_first(key)
  if first and not redis.call('ZSCORE', box.leases, first) and not redis.call('ZSCORE', box.failed, first) then
    local due = redis.call('ZSCORE', box.later, first) or whole(due_of(first))
    redis.call('ZREM', box.later, first)
    redis.call('ZADD', box.due, 'NX', due, first)
  end
end

-- Takes a row out of its line, which goes on without it.
local function line_leave(member)
  local key = line_of(member)
  if key ~= '' then
    redis.call('ZREM', box.lines, member)
    line_release(key)
  end
end

-- Puts a row that is pending where it belongs: into 'due', or behind the others of its line.
local function line_wait(member, due)
  local key = line_of(member)
  if key == '' or line_first(key) == member then
    redis.call('ZADD', box.due, due, member)
  elseif tonumber(due) > due_of(member) then
    redis.call('ZADD', box.later, due, member)
  end
end

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

-- Commands of an app or of a handler. Nothing that a script has done is rolled back, so all of it is checked before the first write.
-- In ARGV, from one place on: the number of conditions, the number of writes, then four values for each of them: its name, the place of
-- its key in KEYS, and two arguments, empty where it has fewer.

local function commands_read(at)
  local function list(count)
    local found = {}
    for i = 1, count do
      found[i] = { name = ARGV[at], key = KEYS[tonumber(ARGV[at + 1])], first = ARGV[at + 2], second = ARGV[at + 3] }
      at = at + 4
    end
    return found
  end
  local conditions, writes = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  at = at + 2
  local commands = {}
  commands.conditions = list(conditions)
  commands.writes = list(writes)
  return commands, at
end

-- The sum of two whole numbers, given and returned as text: Lua's own numbers are exact to 53 bits only. Nil where 64 bits are too few.
local function int64_sum(a, b)
  local function parts(text)
    local sign, digits = string.match(text, '^(%-?)(%d+)$')
    local factor = sign == '-' and -1 or 1
    return factor * (tonumber(string.sub(digits, 1, -10)) or 0), factor * tonumber(string.sub(digits, -9))
  end
  local a_high, a_low = parts(a)
  local b_high, b_low = parts(b)
  local high, low = a_high + b_high, a_low + b_low
  if low >= 1e9 or (high < 0 and low > 0) then
    high, low = high + 1, low - 1e9
  elseif low <= -1e9 or (high > 0 and low < 0) then
    high, low = high - 1, low + 1e9
  end
  if high > 0 and low < 0 then
    high, low = high - 1, low + 1e9
  elseif high < 0 and low > 0 then
    high, low = high + 1, low - 1e9
  end
  if high > 9223372036 or (high == 9223372036 and low > 854775807) or high < -9223372036 or (high == -9223372036 and low < -854775808) then
    return nil
  end
  return high == 0 and string.format('%.0f', low) or string.format('%.0f%09.0f', high, math.abs(low))
end

local function int64_is(text)
  return #text <= 20 and (text == '0' or string.find(text, '^%-?[1-9]%d*$') ~= nil) and int64_sum(text, '0') ~= nil
end

-- Whether a key has the hash tag of the bucket, and is none of Relaybox's own, which begin with the tag.
local function commands_owns(tag, key)
  local open = string.find(key, '{', 1, true)
  local close = open and string.find(key, '}', open + 1, true)
  return close ~= nil and string.sub(key, open, close) == tag and string.sub(key, 1, #tag + 1) ~= tag .. ':'
end

local commands_kinds = {
  ['increment'] = 'string', ['hash-set'] = 'hash', ['hash-increment'] = 'hash', ['hash-delete'] = 'hash', ['set-add'] = 'set',
  ['set-remove'] = 'set', ['sorted-set-add'] = 'zset', ['sorted-set-remove'] = 'zset', ['list-push'] = 'list',
}

-- Nil where everything holds and can be done; else {'condition', place} or {'refused', place, reason}, places counted from 0.
-- tag: the hash tag of the bucket, with its braces.
local function commands_check(commands, tag)
  for i, condition in ipairs(commands.conditions) do
    if not commands_owns(tag, condition.key) then
      return { 'refused', i - 1, 'tag' }
    end
    local holds
    if condition.name == 'exists' then
      holds = redis.call('EXISTS', condition.key) == 1
    elseif condition.name == 'absent' then
      holds = redis.call('EXISTS', condition.key) == 0
    elseif condition.name == 'equals' then
      holds = redis.pcall('GET', condition.key) == condition.first
    elseif condition.name == 'hash-equals' then
      holds = redis.pcall('HGET', condition.key, condition.first) == condition.second
    else
      return { 'refused', i - 1, 'unknown' }
    end
    if not holds then
      return { 'condition', i - 1 }
    end
  end

  -- What each key would be after the writes before the one that is looked at.
  local keys = {}
  local function state_of(key)
    if not keys[key] then
      keys[key] = { kind = redis.call('TYPE', key).ok, fields = {}, is_new = false }
    end
    return keys[key]
  end
  local function increment(current, by)
    if current and not int64_is(current) then
      return nil, 'not-an-integer'
    end
    local sum = int64_sum(current or '0', by)
    return sum, not sum and 'overflow' or nil
  end
  for i, write in ipairs(commands.writes) do
    if not commands_owns(tag, write.key) then
      return { 'refused', i - 1, 'tag' }
    end
    local state, kind, reason = state_of(write.key), commands_kinds[write.name], nil
    if kind and state.kind ~= kind and state.kind ~= 'none' then
      return { 'refused', i - 1, 'wrong-type' }
    end
    if write.name == 'set' then
      keys[write.key] = { kind = 'string', fields = {}, is_new = true, value = write.first }
    elseif write.name == 'delete' then
      keys[write.key] = { kind = 'none', fields = {}, is_new = true }
    elseif write.name == 'increment' then
      if not state.value and not state.is_new then
        state.value = redis.call('GET', write.key) or nil
      end
      state.value, reason = increment(state.value, write.first)
    elseif write.name == 'hash-set' then
      state.fields[write.first] = write.second
    elseif write.name == 'hash-delete' then
      state.fields[write.first] = false
    elseif write.name == 'hash-increment' then
      local current = state.fields[write.first]
      if current == nil and not state.is_new then
        current = redis.call('HGET', write.key, write.first)
      end
      state.fields[write.first], reason = increment(current, write.second)
    elseif not kind and write.name ~= 'expire' then
      reason = 'unknown'
    end
    if reason then
      return { 'refused', i - 1, reason }
    end
    if kind then
      keys[write.key].kind = kind
    end
  end
  return nil
end

local commands_do = {
  ['set'] = function(w)
    if w.second == '' then
      redis.call('SET', w.key, w.first)
    else
      redis.call('SET', w.key, w.first, 'PX', w.second)
    end
    return '"OK"'
  end,
  ['delete'] = function(w) return redis.call('DEL', w.key) end,
  ['increment'] = function(w)
    redis.call('INCRBY', w.key, w.first)
    return redis.call('GET', w.key)
  end,
  ['hash-set'] = function(w) return redis.call('HSET', w.key, w.first, w.second) end,
  ['hash-increment'] = function(w)
    redis.call('HINCRBY', w.key, w.first, w.second)
    return redis.call('HGET', w.key, w.first)
  end,
  ['hash-delete'] = function(w) return redis.call('HDEL', w.key, w.first) end,
  ['set-add'] = function(w) return redis.call('SADD', w.key, w.first) end,
  ['set-remove'] = function(w) return redis.call('SREM', w.key, w.first) end,
  ['sorted-set-add'] = function(w) return redis.call('ZADD', w.key, w.second, w.first) end,
  ['sorted-set-remove'] = function(w) return redis.call('ZREM', w.key, w.first) end,
  ['list-push'] = function(w) return redis.call('RPUSH', w.key, w.first) end,
  ['expire'] = function(w) return redis.call('PEXPIRE', w.key, w.first) end,
}

-- Does what was checked. The results as a JSON array, one for each write: a whole number, or "OK" of a set.
local function commands_apply(commands)
  local results = {}
  for i, write in ipairs(commands.writes) do
    local result = commands_do[write.name](write)
    results[i] = type(result) == 'number' and string.format('%.0f', result) or result
  end
  return '[' .. table.concat(results, ',') .. ']'
end

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
