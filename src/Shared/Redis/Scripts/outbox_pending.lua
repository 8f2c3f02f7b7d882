-- Finds pending rows: those that are due, or will be, and those that wait behind others of their key. KEYS: the bucket. ARGV: how many of each.
-- include: box
-- include: lines
local count = tonumber(ARGV[1])
local found = redis.call('ZRANGE', box.due, 0, count - 1)
for _, member in ipairs(redis.call('ZRANGE', box.lines, 0, count - 1)) do
  if not redis.call('ZSCORE', box.due, member) and not redis.call('ZSCORE', box.leases, member) and not redis.call('ZSCORE', box.failed, member) then
    found[#found + 1] = member
  end
end
return found
