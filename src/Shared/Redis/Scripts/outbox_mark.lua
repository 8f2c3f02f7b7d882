-- Records what became of rows. A claimed row changes only under its token; without a token, a mark holds on a pending row.
-- KEYS: the bucket, then each row. ARGV: 'sent', 'delete', 'retry' or 'park', then six values for each row: its id, its token, and of a row
-- that is not sent its attempts, the delay in ms, and the error's code and text; what there is not is empty.
-- Returns for each row 1 where the mark holds, or the row shows that this very mark was made before; 0 where it does not; -1 where there is
-- no row.
-- include: box
-- include: lines
local kind = ARGV[1]
local now = clock_now()
local answers = {}

local function is_repeated(row, token)
  if kind == 'sent' or kind == 'delete' then
    return row.status == 'sent' and (token == '' or row.token == token)
  end
  return token ~= '' and row.released == token and row.status == (kind == 'retry' and 'pending' or 'failed')
end

-- The row has an outcome: it is no longer under suspicion, and nobody's.
local function release(name, token)
  if token == '' then
    redis.call('HDEL', name, 'released')
  else
    redis.call('HSET', name, 'released', token)
  end
  redis.call('HDEL', name, 'token', 'claimedAt', 'dueAt', 'unfinished')
end

local function explain(name, code, text)
  if code ~= '' then
    redis.call('HSET', name, 'errorCode', code, 'errorMessage', text)
  end
end

local apply = {
  sent = function(name, row)
    redis.call('HSET', name, 'status', 'sent', 'sentAt', whole(now))
    redis.call('HDEL', name, 'claimedAt', 'dueAt', 'unfinished', 'released', 'errorCode', 'errorMessage')
    redis.call('ZADD', box.sent, now, row.member)
    line_leave(row.member)
  end,
  delete = function(name, row)
    redis.call('DEL', name)
    line_leave(row.member)
  end,
  retry = function(name, row, token, attempts, delay, code, text)
    local due = tonumber(delay) > 0 and now + tonumber(delay) or math.min(now, tonumber(row.due) or 0)
    redis.call('HSET', name, 'status', 'pending', 'attempts', attempts)
    release(name, token)
    if tonumber(delay) > 0 then
      redis.call('HSET', name, 'dueAt', whole(due))
    end
    explain(name, code, text)
    line_wait(row.member, whole(due))
  end,
  park = function(name, row, token, attempts, _, code, text)
    redis.call('HSET', name, 'status', 'failed', 'failedAt', whole(now), 'attempts', attempts)
    release(name, token)
    redis.call('HDEL', name, 'skippedAt', 'shelvedAt')
    explain(name, code, text)
    redis.call('ZADD', box.failed, now, row.member)
  end,
}

for i = first_row, #KEYS do
  local at = 2 + 6 * (i - first_row)
  local id, token = ARGV[at], ARGV[at + 1]
  local row = row_read(KEYS[i], id)
  local answer = -1
  if row then
    answer = is_repeated(row, token) and 1 or 0
    if token == '' and row.status == 'pending' or token ~= '' and row.status == 'publishing' and row.token == token then
      -- First what a server does that has no memory left, so that a full one can be relayed empty.
      redis.call('ZREM', box.leases, row.member)
      redis.call('ZREM', box.due, row.member)
      redis.call('ZREM', box.later, row.member)
      apply[kind](KEYS[i], row, token, ARGV[at + 2], ARGV[at + 3], ARGV[at + 4], ARGV[at + 5])
      answer = 1
    end
  end
  answers[i - first_row + 1] = answer
end
return answers
