-- Deletes rows that were sent or parked so long ago. A parked row that later rows of its key wait for stays until it is skipped.
-- KEYS: the bucket, then each row. ARGV: 'sent' or 'failed', how long ago in ms, then the id of each row and its member.
-- Returns how many rows were deleted, and how many members stay in the set.
-- include: box
-- include: rows
local status, last = ARGV[1], clock_now() - tonumber(ARGV[2])
local set = status == 'sent' and box.sent or box.failed
local deleted, kept = 0, 0
for i = first_row, #KEYS do
  local place = i - first_row
  local id, member = ARGV[3 + 2 * place], ARGV[4 + 2 * place]
  local row, since = row_read(KEYS[i], id), redis.call('ZSCORE', set, member)
  if not row then
    row_forget(member)
  elseif row.status ~= status or row.member ~= member then
    redis.call('ZREM', set, member)
  elseif not since or tonumber(since) >= last or (status == 'failed' and line_of(member) ~= '' and redis.call('ZSCORE', box.lines, member)) then
    kept = kept + 1
  else
    redis.call('DEL', KEYS[i])
    redis.call('ZREM', set, member)
    deleted = deleted + 1
  end
end
return { deleted, kept }
