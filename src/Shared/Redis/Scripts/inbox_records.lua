-- include: clock
-- The member of a record in the sorted sets: its key after what the sets' keys, such as that of the leases, begin with.
local function inbox_member(key, leases)
  return string.sub(key, #leases - #'leases' + 1)
end

-- Marks a record as processed, which the caller has found to be its own. The token stays, so that a repeated call knows its own work.
local function inbox_processed(key, leases, processed, now)
  local member = inbox_member(key, leases)
  redis.call('ZREM', leases, member)
  redis.call('ZADD', processed, now, member)
  redis.call('HSET', key, 'status', 'processed', 'processedAt', now)
  redis.call('HDEL', key, 'leaseUntil', 'failedAt', 'errorCode', 'errorMessage')
end
