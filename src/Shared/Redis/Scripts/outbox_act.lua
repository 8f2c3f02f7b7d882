-- Does something with parked rows, each only while it is still as the operator has seen it.
-- KEYS: the bucket, then each row. ARGV: 'redrive', 'skip', 'shelve', 'unshelve' or 'purge', then three values for each row: its id, and when it
-- was parked and shelved, in ms; empty where it was not. Returns 1 for each row that was changed, else 0.
-- include: box
-- include: rows
local now = clock_now()
local answers = {}

local act = {
  redrive = function(name, row)
    redis.call('HSET', name, 'status', 'pending', 'attempts', 0)
    redis.call('HDEL', name, 'failedAt', 'skippedAt', 'shelvedAt', 'unfinished', 'released', 'dueAt')
    redis.call('ZREM', box.failed, row.member)
    if line_of(row.member) ~= '' then
      redis.call('ZADD', box.lines, 0, row.member)
      -- A row that had been skipped is before others again, the first of which waits from now on.
      local follower = line_after(row.member, 1)[1]
      local due = follower and redis.call('ZSCORE', box.due, follower)
      if due then
        redis.call('ZREM', box.due, follower)
        line_wait(follower, due)
      end
    end
    line_wait(row.member, whole(math.min(now, tonumber(row.due) or 0)))
    return 1
  end,
  skip = function(name, row)
    if row.skipped or line_of(row.member) == '' then
      return 0
    end
    redis.call('HSET', name, 'skippedAt', whole(now))
    line_leave(row.member)
    return 1
  end,
  shelve = function(name, _, shelved)
    if shelved then
      return 0
    end
    redis.call('HSET', name, 'shelvedAt', whole(now))
    return 1
  end,
  unshelve = function(name, _, shelved)
    return shelved and redis.call('HDEL', name, 'shelvedAt') or 0
  end,
  purge = function(name, row)
    if line_of(row.member) ~= '' and not row.skipped then
      return 0
    end
    redis.call('DEL', name)
    redis.call('ZREM', box.failed, row.member)
    return 1
  end,
}

for i = first_row, #KEYS do
  local at = 2 + 3 * (i - first_row)
  local row = row_read(KEYS[i], ARGV[at])
  local answer = 0
  if row and row.status == 'failed' then
    local times = redis.call('HMGET', KEYS[i], 'failedAt', 'shelvedAt')
    if (times[1] or '') == ARGV[at + 1] and (times[2] or '') == ARGV[at + 2] then
      answer = act[ARGV[1]](KEYS[i], row, times[2])
    end
  end
  answers[i - first_row + 1] = answer
end
return answers
