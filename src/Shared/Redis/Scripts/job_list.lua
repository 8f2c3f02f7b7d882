-- Finds jobs. KEYS: the names of all jobs. ARGV: what a name begins with. Returns the names.
local names = {}
for _, name in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  if string.sub(name, 1, #ARGV[1]) == ARGV[1] then
    names[#names + 1] = name
  end
end
return names
