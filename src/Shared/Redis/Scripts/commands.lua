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
