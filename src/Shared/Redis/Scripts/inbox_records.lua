-- include: clock
-- include: batches
-- The member of a record in the sorted sets: its key after what the sets' keys, such as that of the leases, begin with.
local function inbox_member(key, leases)
  return string.sub(key, #leases - #'leases' + 1)
end

-- Marks records as processed, which the caller has found to be its own. The tokens stay, so that a repeated call knows its own work.
local function inbox_processed(keys, leases, processed, now)
  local members = {}
  for i, key in ipairs(keys) do
    members[i] = inbox_member(key, leases)
  end
  members_remove(leases, members)
  members_add(processed, now, members)
  for _, key in ipairs(keys) do
    redis.call('HSET', key, 'status', 'processed', 'processedAt', now)
    redis.call('HDEL', key, 'leaseUntil', 'failedAt', 'errorCode', 'errorMessage')
  end
end
