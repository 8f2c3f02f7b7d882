-- Reads a page of parked or sent rows, the oldest first. KEYS: these rows of a bucket. ARGV: the time of the last row that was read, in ms, its
-- member, and how many to read. Returns the time now in ms, then time and member of each.
-- include: clock
local since, last, count = ARGV[1], ARGV[2], tonumber(ARGV[3])
local page, offset, read = { string.format('%.0f', clock_now()) }, 0, nil
repeat
  read = redis.call('ZRANGEBYSCORE', KEYS[1], since, '+inf', 'WITHSCORES', 'LIMIT', offset, count)
  for i = 1, #read, 2 do
    if (tonumber(read[i + 1]) > tonumber(since) or read[i] > last) and #page <= 2 * count then
      page[#page + 1] = read[i + 1]
      page[#page + 1] = read[i]
    end
  end
  offset = offset + count
until #read == 0 or #page > 2 * count
return page
