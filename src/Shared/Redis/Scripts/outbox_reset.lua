-- Ends claims whose lease ended so long ago: their rows are pending again, and stay under suspicion.
-- KEYS: the bucket, then each row. ARGV: how long ago in ms, then the id of each row and its member. Returns how many were ended.
-- include: box
-- include: rows
local last = clock_now() - tonumber(ARGV[1])
local reset = 0
for i = first_row, #KEYS do
  local place = i - first_row
  local id, member = ARGV[2 + 2 * place], ARGV[3 + 2 * place]
  local row, lease = row_read(KEYS[i], id), redis.call('ZSCORE', box.leases, member)
  if lease and tonumber(lease) <= last then
    if not row or row.member ~= member then
      row_forget(member)
    else
      redis.call('ZREM', box.leases, member)
      if row.status == 'publishing' then
        redis.call('HSET', KEYS[i], 'status', 'pending')
        redis.call('HDEL', KEYS[i], 'token', 'claimedAt', 'dueAt')
        line_wait(member, whole(tonumber(row.due) or 0))
        reset = reset + 1
      end
    end
  end
end
return reset
