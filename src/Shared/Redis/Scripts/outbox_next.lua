-- In how many ms the next row can be claimed, less than 0 where one can be since then; nil where none ever can. KEYS: the bucket.
-- include: box
-- include: lines
local first = redis.call('ZRANGE', box.due, 0, 0, 'WITHSCORES')[2]
local leases = redis.call('ZRANGE', box.leases, 0, 9, 'WITHSCORES')
for i = 1, #leases, 2 do
  local key = line_of(leases[i])
  if key == '' or line_first(key) == leases[i] then
    first = math.min(tonumber(first or math.huge), tonumber(leases[i + 1]))
    break
  end
end
return first and whole(tonumber(first) - clock_now()) or nil
