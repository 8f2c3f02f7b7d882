-- include: inbox_records
-- Lets a claim hold for longer, and counts its attempt where that begins.
-- KEYS: leases, record. ARGV: token, lease (ms), 1 where the attempt begins or 0. Returns 1 where the claim held.
local record = redis.call('HMGET', KEYS[2], 'status', 'claimToken', 'begunToken', 'deliveries', 'unfinished')
if record[1] ~= 'processing' or record[2] ~= ARGV[1] then
  return 0
end

local until_ = clock_now() + tonumber(ARGV[2])
redis.call('ZADD', KEYS[1], until_, inbox_member(KEYS[2], KEYS[1]))
redis.call('HSET', KEYS[2], 'leaseUntil', until_)
if ARGV[3] == '1' and record[3] ~= ARGV[1] then
  redis.call(
    'HSET', KEYS[2], 'begunToken', ARGV[1], 'deliveries', (tonumber(record[4] or 0) or 0) + 1, 'unfinished', (tonumber(record[5] or 0) or 0) + 1)
end
return 1
