-- Nil where Setup has made this bucket (its schema is the first key) for this version (the first argument) and this number of buckets (the
-- second).
local function schema_refusal()
  local schema = redis.call('HMGET', KEYS[1], 'version', 'buckets')
  if schema[1] == ARGV[1] and schema[2] == ARGV[2] then
    return nil
  end
  return redis.error_reply('RELAYBOX_SCHEMA version ' .. (schema[1] or 'none') .. ', buckets ' .. (schema[2] or 'none'))
end
