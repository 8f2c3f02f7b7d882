-- Sets the attempts of a record to zero where the last has failed.
-- KEYS: record. Returns 1 where it did, else 0.
if redis.call('HGET', KEYS[1], 'status') ~= 'failed' then
  return 0
end
redis.call('HSET', KEYS[1], 'deliveries', 0, 'unfinished', 0)
redis.call('HDEL', KEYS[1], 'begunToken')
return 1
