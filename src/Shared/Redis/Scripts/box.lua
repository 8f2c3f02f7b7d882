local box = {
  schema = KEYS[1], due = KEYS[2], leases = KEYS[3], lines = KEYS[4], later = KEYS[5], sent = KEYS[6], failed = KEYS[7], seq = KEYS[8],
}
local first_row = 9

-- include: schema
