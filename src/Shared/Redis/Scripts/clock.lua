-- The server's time in milliseconds. It does not change while a script runs.
local function clock_now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
