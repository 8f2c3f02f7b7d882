local box = {
  schema = KEYS[1], due = KEYS[2], leases = KEYS[3], lines = KEYS[4], later = KEYS[5], sent = KEYS[6], failed = KEYS[7], seq = KEYS[8],
}
local first_row = 9

-- Nil where Setup has made this bucket for this version (the first argument) and this number of buckets (the second).
local function schema_refusal()
  local schema = redis.call('HMGET', box.schema, 'version', 'buckets')
  if schema[1] == ARGV[1] and schema[2] == ARGV[2] then
    return nil
  end
  return redis.error_reply('RELAYBOX_SCHEMA version ' .. (schema[1] or 'none') .. ', buckets ' .. (schema[2] or 'none'))
end
