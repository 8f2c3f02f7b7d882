-- Finds rows that can be claimed, without holding them. KEYS: the bucket. ARGV: version, buckets, how many to pass by, how many, and how many
-- rows of one key at most.
-- Returns kind, member and since when, one after the other for each row: 'due'; 'ended' (its lease has); 'next', which can be claimed together with the row before it;
-- 'stray': its lease has ended, and an earlier row of its key holds it back.
-- include: box
-- include: lines
local refusal = schema_refusal()
if refusal then
  return refusal
end
local skip, count, most = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local now = clock_now()
local found, seen, others = {}, {}, count

local function add(kind, member, since)
  local at = #found
  seen[member] = true
  found[at + 1], found[at + 2], found[at + 3] = kind, member, whole(since)
end

local function add_next(member, since)
  if line_of(member) == '' or others == 0 then
    return
  end
  for _, follower in ipairs(line_after(member, math.min(most - 1, others))) do
    local lease = redis.call('ZSCORE', box.leases, follower)
    local due = lease or redis.call('ZSCORE', box.later, follower) or due_of(follower)
    if tonumber(due) > now or seen[follower] or redis.call('ZSCORE', box.failed, follower) then
      return
    end
    add('next', follower, since)
    others = others - 1
  end
end

local due = redis.call('ZRANGEBYSCORE', box.due, '-inf', now, 'WITHSCORES', 'LIMIT', skip, count)
for i = 1, #due, 2 do
  add('due', due[i], due[i + 1])
  add_next(due[i], due[i + 1])
end
local ended = redis.call('ZRANGEBYSCORE', box.leases, '-inf', now, 'WITHSCORES', 'LIMIT', skip, count)
for i = 1, #ended, 2 do
  local key = line_of(ended[i])
  if not seen[ended[i]] and (key == '' or line_first(key) == ended[i]) then
    add('ended', ended[i], ended[i + 1])
    add_next(ended[i], ended[i + 1])
  end
end
for i = 1, #ended, 2 do
  if not seen[ended[i]] then
    add('stray', ended[i], ended[i + 1])
  end
end
return found
