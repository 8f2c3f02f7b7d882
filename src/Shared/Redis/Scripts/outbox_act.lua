-- Does something with a parked row, if it is still as the operator has seen it.
-- KEYS: the bucket, then the row. ARGV: 'redrive', 'skip', 'shelve', 'unshelve' or 'purge', the row's id, and when it was parked and shelved, in ms;
-- empty where it was not. Returns 1 where the row was changed, else 0.
-- include: box
-- include: rows
local now = clock_now()
local row = row_read(KEYS[first_row], ARGV[2], 'failedAt', 'shelvedAt')
if not row or row.status ~= 'failed' or (row.others[1] or '') ~= ARGV[3] or (row.others[2] or '') ~= ARGV[4] then
  return 0
end
local is_held = line_of(row.member) ~= '' and not row.skipped

local act = {
  redrive = function()
    redis.call('HSET', row.name, 'status', 'pending', 'attempts', 0)
    redis.call('HDEL', row.name, 'failedAt', 'skippedAt', 'shelvedAt', 'unfinished', 'released', 'dueAt')
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
  skip = function()
    if not is_held then
      return 0
    end
    redis.call('HSET', row.name, 'skippedAt', whole(now))
    line_leave(row.member)
    return 1
  end,
  shelve = function()
    redis.call('HSET', row.name, 'shelvedAt', whole(now))
    return 1
  end,
  unshelve = function()
    return redis.call('HDEL', row.name, 'shelvedAt')
  end,
  purge = function()
    if is_held then
      return 0
    end
    redis.call('DEL', row.name)
    redis.call('ZREM', box.failed, row.member)
    return 1
  end,
}
return act[ARGV[1]]()
