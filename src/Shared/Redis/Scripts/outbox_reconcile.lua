-- Puts rows into the sets that should have them. KEYS: the bucket, then each row. ARGV: for how long in ms a claim is left alone whose lease
-- is not known, then the id of each row and, where only what is said of it is to be checked, its member.
-- Returns how many rows were made due; the status of each row, false where it is none; and members that hold their lines back, whose rows
-- should be looked at.
-- include: box
-- include: rows
local age = tonumber(ARGV[1])
local now = clock_now()
local recovered, statuses, holding = 0, {}, {}
local last_time = 253402300799999

local function has(set, member)
  return redis.call('ZSCORE', set, member) ~= false
end

local function reconcile(name, id, row)
  if row.key and not row.seq then
    row.seq = string.format('%016.0f', redis.call('INCR', box.seq))
    redis.call('HSET', name, 'seq', row.seq)
    row.member = member_of(id, row.key, row.seq, row.due)
  end
  local key = line_of(row.member)
  local is_parked = row.status == 'failed'
  if key ~= '' and not (is_parked and row.skipped) and not has(box.lines, row.member) then
    redis.call('ZADD', box.lines, 0, row.member)
  end
  if is_parked then
    if not has(box.failed, row.member) then
      redis.call('ZADD', box.failed, now, row.member)
    end
  elseif row.status == 'publishing' then
    if not has(box.leases, row.member) then
      redis.call('ZADD', box.leases, whole(now + age), row.member)
      recovered = recovered + 1
    end
  elseif not has(box.due, row.member) and not has(box.leases, row.member) then
    local first = key ~= '' and line_first(key)
    if not first or first == row.member then
      -- A time that is none, or after the year 9999, is the relay's to refuse.
      local due = tonumber(row.due or '') or 0
      redis.call('ZREM', box.failed, row.member)
      redis.call('ZADD', box.due, due <= last_time and whole(due) or '0', row.member)
      recovered = recovered + 1
    elseif not has(box.due, first) and not has(box.leases, first) then
      holding[#holding + 1] = first
    end
  end
end

for i = first_row, #KEYS do
  local place = i - first_row
  local id, member = ARGV[2 + 2 * place], ARGV[3 + 2 * place]
  local row = row_read(KEYS[i], id)
  statuses[place + 1] = row and row.status or false
  if member ~= '' and (not row or row.member ~= member) then
    row_forget(member)
    recovered = recovered + 1
  elseif row and (row.status == 'pending' or row.status == 'publishing' or row.status == 'failed') then
    reconcile(KEYS[i], id, row)
  elseif row and row.status == 'sent' then
    if not has(box.sent, row.member) then
      redis.call('ZADD', box.sent, now, row.member)
    end
    if line_of(row.member) ~= '' and has(box.lines, row.member) then
      line_leave(row.member)
    end
  end
end
return { recovered, statuses, holding }
