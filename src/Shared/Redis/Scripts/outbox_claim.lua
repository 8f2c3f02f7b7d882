-- Claims rows that were found, where they still can be. KEYS: the bucket, then each row. ARGV: version, buckets, token, lease in ms, the share
-- of a claim that a row takes at least, the bytes of a whole claim, the share that these rows may take together (less than 0: none; 2: any), the claims without an outcome after which nothing is read, 1 where rows that are not due yet can be claimed, then the id of
-- each row and its member, empty where it is not known.
-- Returns {'claims', {place, attempts, unfinished, bytes, key, number, enqueued, available, subject, headers, result, payload}…}, or, where
-- these rows take more, or one has claims without an outcome, {'weights', {place, bytes, unfinished}…} and claims none.
-- include: box
-- include: lines
local refusal = schema_refusal()
if refusal then
  return refusal
end
local token, lease, share, most_bytes, budget = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local most_unfinished, is_early = tonumber(ARGV[8]), ARGV[9] == '1'
local now = clock_now()

local function is_over(set, member, row)
  local score = redis.call('ZSCORE', set, member)
  return score and tonumber(score) <= now
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
    return is_over(box.leases, row.member)
  end
  if row.status ~= 'pending' then
    -- Not a row to relay, and none that a claim should find again.
    redis.call('ZREM', box.due, row.member)
    redis.call('ZREM', box.leases, row.member)
    return false
  end
  if is_early or is_over(box.due, row.member)
    or (before and tonumber(redis.call('ZSCORE', box.later, row.member) or due_of(row.member)) <= now) then
    return true
  end
  -- Of an earlier row under this id, which was deleted by hand while it was claimed.
  redis.call('ZREM', box.leases, row.member)
  return false
end

local rows, taken, cost = {}, {}, 0
for i = first_row, #KEYS do
  local place = i - first_row
  local id, member = ARGV[10 + 2 * place], ARGV[11 + 2 * place]
  local row = row_read(KEYS[i], id)
  if member ~= '' and (not row or row.member ~= member) then
    row_forget(member)
  elseif row and can_claim(row, taken) then
    row.place, row.name = place, KEYS[i]
    row.bytes = redis.call('HSTRLEN', KEYS[i], 'payload') + redis.call('HSTRLEN', KEYS[i], 'headers') + redis.call('HSTRLEN', KEYS[i], 'result')
    rows[#rows + 1], taken[row.member] = row, true
    cost = cost + math.max(share, row.bytes / most_bytes)
    if row.unfinished > 0 then
      cost = math.huge
    end
  end
end

if budget < 2 and cost > budget then
  local weights = {}
  for i, row in ipairs(rows) do
    weights[i] = { row.place, row.bytes, row.unfinished }
  end
  return { 'weights', weights }
end

local claims, until_ms = {}, whole(now + lease)
for i, row in ipairs(rows) do
  redis.call('ZREM', box.due, row.member)
  redis.call('ZREM', box.later, row.member)
  redis.call('ZADD', box.leases, until_ms, row.member)
  redis.call(
    'HSET', row.name, 'status', 'publishing', 'token', token, 'claimedAt', whole(now), 'dueAt', until_ms, 'unfinished', row.unfinished + 1)
  local read = row.bytes <= most_bytes and row.unfinished < most_unfinished
    and redis.call('HMGET', row.name, 'enqueuedAt', 'availableAt', 'subject', 'headers', 'result', 'payload')
    or redis.call('HMGET', row.name, 'enqueuedAt', 'availableAt', 'subject')
  claims[i] = {
    row.place, row.attempts, row.unfinished, row.bytes, row.key, row.seq, read[1], read[2], read[3], read[4] or false, read[5] or false,
    read[6] or false,
  }
end
return { 'claims', claims }
