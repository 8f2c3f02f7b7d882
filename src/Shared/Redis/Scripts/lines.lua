-- include: clock
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
