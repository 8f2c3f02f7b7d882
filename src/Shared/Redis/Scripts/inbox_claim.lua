-- include: inbox_records
-- include: schema
-- Claims messages of one bucket, and says of each record what it is after that.
-- KEYS: schema, leases, then each message's record.
-- ARGV: version, buckets, lease (ms), attempts, unfinished attempts that exhaust a message; then for each message its token, subject,
-- payload hash, stream and place in the stream ('' for none).
-- Returns the time and, for each message, what decides about it: status (false: no record), deliveries, unfinished, claimToken,
-- begunToken, payloadHash, leaseUntil.
local refusal = schema_refusal()
if refusal then
  return refusal
end

local now = clock_now()
local lease, attempts, most_unfinished = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local first = 3
local fields = { 'status', 'deliveries', 'unfinished', 'claimToken', 'begunToken', 'payloadHash', 'leaseUntil', 'receivedAt' }

-- Everything is read before anything is written: a key of another type is found out here. Mostly there is nothing to read.
redis.call('ZCARD', KEYS[2])
local records, names, claimed = {}, {}, {}
for i = first, #KEYS do
  names[#names + 1] = KEYS[i]
end
local are_new = keys_count(names) == 0
for i = first, #KEYS do
  local record = are_new and {} or redis.pcall('HMGET', KEYS[i], unpack(fields))
  records[i] = record.err and { 'not a record' } or record
end

for i = first, #KEYS do
  local record = records[i]
  local argument = 6 + (i - first) * 5
  local token, hash = ARGV[argument], ARGV[argument + 2]
  local deliveries, unfinished = tonumber(record[2] or 0) or 0, tonumber(record[3] or 0) or 0
  local is_free = record[1] == 'failed' or (record[1] == 'processing' and (tonumber(record[7] or 0) or 0) <= now)
  local is_new = not record[1] and (are_new or redis.call('EXISTS', KEYS[i]) == 0)
  if is_new or (is_free and deliveries < attempts and unfinished < most_unfinished and (not record[6] or record[6] == hash)) then
    -- An attempt is counted with its claim, unless an earlier one never said how it ended: then it is counted when it starts.
    if unfinished == 0 then
      deliveries, unfinished, record[5] = deliveries + 1, 1, token
    end
    record[1], record[2], record[3], record[4], record[6], record[7] = 'processing', deliveries, unfinished, token, hash, now + lease
    local stream = ARGV[argument + 3] ~= '' and { 'stream', ARGV[argument + 3], 'streamSequence', ARGV[argument + 4] } or {}
    redis.call(
      'HSET', KEYS[i], 'status', 'processing', 'deliveries', deliveries, 'unfinished', unfinished, 'claimToken', token,
      'begunToken', record[5] or '', 'payloadHash', hash, 'leaseUntil', now + lease, 'receivedAt', record[8] or now,
      'claimedAt', now, 'subject', ARGV[argument + 1], unpack(stream))
    claimed[#claimed + 1] = inbox_member(KEYS[i], KEYS[2])
  end
  -- nil would end the answer's table; false is null on the wire.
  for field = 1, 7 do
    record[field] = record[field] and tostring(record[field]) or false
  end
  record[8] = nil
  records[i] = record
end
members_add(KEYS[2], now + lease, claimed)

local answer = { now }
for i = first, #KEYS do
  answer[#answer + 1] = records[i]
end
return answer
