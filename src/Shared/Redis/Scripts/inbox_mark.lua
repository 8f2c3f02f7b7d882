-- include: inbox_records
-- Marks messages of one bucket as processed, each under its claim's token alone. The first write frees memory, so that a server that is
-- full executes the script all the same: what was handled is not handled again.
-- KEYS: leases, processed, then each record. ARGV: each record's token.
-- Returns for each record 1 where it is marked under this token, by this call or an earlier one.
local now, marked, own = clock_now(), {}, {}
redis.call('ZCARD', KEYS[1])
redis.call('ZCARD', KEYS[2])
for i = 3, #KEYS do
  local token = ARGV[i - 2]
  local record = redis.pcall('HMGET', KEYS[i], 'status', 'claimToken')
  local is_own = not record.err and record[2] == token
  if is_own and record[1] == 'processing' then
    own[#own + 1], record[1] = KEYS[i], 'processed'
  end
  marked[i - 2] = is_own and record[1] == 'processed' and 1 or 0
end
inbox_processed(own, KEYS[1], KEYS[2], now)
return marked
