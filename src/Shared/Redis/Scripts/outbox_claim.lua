-- Claims rows that were found, where they still can be. KEYS: the bucket, then each row. ARGV: version, buckets, token, lease in ms, the share
-- of a claim that a row takes at least, the bytes of a whole claim, the share that these rows may take together (less than 0: none; 2: any), the
-- claims without an outcome after which nothing is read, 1 where rows that are not due yet can be claimed, then the id of each row and its
-- member, empty where it is not known.
-- Returns {'claims', {place, attempts, unfinished, bytes, key, number, enqueued, available, subject, headers, result, payload}…}, or, where
-- these rows take more, or one has claims without an outcome, {'weights', {place, bytes, unfinished}…} and claims none.
-- include: box
-- include: rows
-- include: batches
local refusal = schema_refusal()
if refusal then
  return refusal
end
local token, lease, share, most_bytes, budget = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local most_unfinished, is_early = tonumber(ARGV[8]), ARGV[9] == '1'
local now = clock_now()

local known = {}
for i = 11, #ARGV, 2 do
  known[#known + 1] = ARGV[i] ~= '' and ARGV[i] or nil
end
local dues = members_scores(box.due, known)

local function is_due(member)
  local due = dues[member]
  if due == nil then
    due = redis.call('ZSCORE', box.due, member)
  end
  return due and tonumber(due) <= now
end

local function can_claim(row, taken)
  local before = line_of(row.member) ~= '' and line_before(row.member)
  if before and not taken[before] then
    -- It holds this row back, whatever the set says.
    redis.call('ZREM', box.due, row.member)
    return false
  end
  if row.status == 'publishing' and row.token == token then
    -- By an earlier try of this call, whose answer was lost.
    row.unfinished = row.unfinished - 1
    return true
  end
  if row.status == 'publishing' then
    local lease_until = redis.call('ZSCORE', box.leases, row.member)
    return lease_until and tonumber(lease_until) <= now
  end
  if row.status ~= 'pending' then
    -- Not a row to relay, and none that a claim should find again.
    redis.call('ZREM', box.due, row.member)
    redis.call('ZREM', box.leases, row.member)
    return false
  end
  if is_early or is_due(row.member)
    or (before and tonumber(redis.call('ZSCORE', box.later, row.member) or due_of(row.member)) <= now) then
    return true
  end
  -- Of an earlier row under this id, which was deleted by hand while it was claimed.
  redis.call('ZREM', box.leases, row.member)
  return false
end

-- What a message is made of is read with the row, until that is as much as a claim may take.
local reads = budget > 0

local function read(name, id)
  if reads then
    return row_read(name, id, 'subject', 'payload', 'headers', 'result')
  end
  return row_read(name, id)
end

local function bytes_of(row)
  if row.others then
    return #(row.others[2] or '') + #(row.others[3] or '') + #(row.others[4] or '')
  end
  return redis.call('HSTRLEN', row.name, 'payload') + redis.call('HSTRLEN', row.name, 'headers') + redis.call('HSTRLEN', row.name, 'result')
end

local rows, members, lined, taken, cost, bytes = {}, {}, {}, {}, 0, 0
for i = first_row, #KEYS do
  local place = i - first_row
  local id, member = ARGV[10 + 2 * place], ARGV[11 + 2 * place]
  local row = read(KEYS[i], id)
  if member ~= '' and (not row or row.member ~= member) then
    row_forget(member)
    -- The next row of its line may be due now.
    dues = {}
  elseif row and can_claim(row, taken) then
    row.place, row.bytes = place, bytes_of(row)
    rows[#rows + 1], members[#members + 1], taken[row.member] = row, row.member, true
    cost = row.unfinished > 0 and math.huge or cost + math.max(share, row.bytes / most_bytes)
    if line_of(row.member) ~= '' then
      lined[#lined + 1] = row.member
    end
  end
  if row and row.others then
    bytes = bytes + (row.bytes or bytes_of(row))
    reads = bytes < most_bytes
  end
end

if budget < 2 and cost > budget then
  local weights = {}
  for i, row in ipairs(rows) do
    weights[i] = { row.place, row.bytes, row.unfinished }
  end
  return { 'weights', weights }
end

-- First what a server does that has no memory left, so that a full one can be relayed empty.
local claims, now_ms, until_ms = {}, whole(now), whole(now + lease)
members_remove(box.due, members)
members_remove(box.later, lined)
members_add(box.leases, until_ms, members)
for i, row in ipairs(rows) do
  redis.call('HSET', row.name, 'status', 'publishing', 'token', token, 'claimedAt', now_ms, 'dueAt', until_ms, 'unfinished', row.unfinished + 1)
  local content
  if row.bytes > most_bytes or row.unfinished >= most_unfinished then
    content = { redis.call('HGET', row.name, 'subject') }
  else
    content = row.others or redis.call('HMGET', row.name, 'subject', 'payload', 'headers', 'result')
  end
  claims[i] = {
    row.place, row.attempts, row.unfinished, row.bytes, row.key, row.seq, row.enqueued, row.available, content[1], content[3] or false,
    content[4] or false, content[2] or false,
  }
end
return { 'claims', claims }
