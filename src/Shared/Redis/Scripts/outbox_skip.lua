-- Lets the later rows of a key go on without a parked row. KEYS: the bucket, then the row. ARGV: its id. Returns 1 where it was parked.
-- include: box
-- include: rows
local row = row_read(KEYS[first_row], ARGV[1])
if not row or row.status ~= 'failed' or row.skipped then
  return 0
end
redis.call('HSET', KEYS[first_row], 'skippedAt', whole(clock_now()))
line_leave(row.member)
return 1
