-- Records what became of rows. A claimed row changes only under its token; without a token, a mark holds on a pending row.
-- KEYS: the bucket, then each row. ARGV: 'sent', 'delete', 'retry' or 'park', then for each row its id and its token, and, where it is not
-- sent, its attempts, the delay in ms, and the error's code and text; what there is not is empty.
-- Returns for each row 1 where the mark holds, or the row shows that this very mark was made before; 0 where it does not; -1 where there is
-- no row.
-- include: box
-- include: rows
-- include: batches
local kind = ARGV[1]
local is_sent = kind == 'sent' or kind == 'delete'
local values = is_sent and 2 or 6
local now = clock_now()

local function holds(row, token)
  return token == '' and row.status == 'pending' or token ~= '' and row.status == 'publishing' and row.token == token
end

local function is_repeated(row, token)
  if is_sent then
    return row.status == 'sent' and (token == '' or row.token == token)
  end
  return token ~= '' and row.released == token and row.status == (kind == 'retry' and 'pending' or 'failed')
end

-- The row has an outcome: it is no longer under suspicion, and nobody's.
local function release(row, token)
  if token == '' then
    redis.call('HDEL', row.name, 'released')
  else
    redis.call('HSET', row.name, 'released', token)
  end
  redis.call('HDEL', row.name, 'token', 'claimedAt', 'dueAt', 'unfinished')
end

local function explain(row, code, text)
  if code ~= '' then
    redis.call('HSET', row.name, 'errorCode', code, 'errorMessage', text)
  end
end

-- Takes rows out of their lines, which go on without them.
local function leave(lined)
  members_remove(box.lines, lined)
  local released = {}
  for _, member in ipairs(lined) do
    local key = line_of(member)
    if not released[key] then
      released[key] = true
      line_release(key)
    end
  end
end

local apply = {
  sent = function(rows, members, lined)
    local now_ms = whole(now)
    members_add(box.sent, now_ms, members)
    for _, row in ipairs(rows) do
      redis.call('HSET', row.name, 'status', 'sent', 'sentAt', now_ms)
      redis.call('HDEL', row.name, 'claimedAt', 'dueAt', 'unfinished', 'released', 'errorCode', 'errorMessage')
    end
    leave(lined)
  end,
  delete = function(rows, _, lined)
    local names = {}
    for i, row in ipairs(rows) do
      names[i] = row.name
    end
    keys_delete(names)
    leave(lined)
  end,
  retry = function(rows)
    for _, row in ipairs(rows) do
      local token, attempts, delay, code, text = unpack(ARGV, row.at + 1, row.at + 5)
      local due = tonumber(delay) > 0 and now + tonumber(delay) or math.min(now, tonumber(row.due) or 0)
      redis.call('HSET', row.name, 'status', 'pending', 'attempts', attempts)
      release(row, token)
      if tonumber(delay) > 0 then
        redis.call('HSET', row.name, 'dueAt', whole(due))
      end
      explain(row, code, text)
      line_wait(row.member, whole(due))
    end
  end,
  park = function(rows, members)
    for _, row in ipairs(rows) do
      local token, attempts, _, code, text = unpack(ARGV, row.at + 1, row.at + 5)
      redis.call('HSET', row.name, 'status', 'failed', 'failedAt', whole(now), 'attempts', attempts)
      release(row, token)
      redis.call('HDEL', row.name, 'skippedAt', 'shelvedAt')
      explain(row, code, text)
    end
    members_add(box.failed, whole(now), members)
  end,
}

local answers, rows, members, lined = {}, {}, {}, {}
for i = first_row, #KEYS do
  local place = i - first_row
  local at = 2 + values * place
  local token, row = ARGV[at + 1], row_read(KEYS[i], ARGV[at])
  if not row then
    answers[place + 1] = -1
  elseif holds(row, token) then
    row.at = at
    answers[place + 1], rows[#rows + 1], members[#members + 1] = 1, row, row.member
    if line_of(row.member) ~= '' then
      lined[#lined + 1] = row.member
    end
  else
    answers[place + 1] = is_repeated(row, token) and 1 or 0
  end
end

-- First what a server does that has no memory left, so that a full one can be relayed empty.
members_remove(box.leases, members)
members_remove(box.due, members)
members_remove(box.later, lined)
apply[kind](rows, members, lined)
return answers
