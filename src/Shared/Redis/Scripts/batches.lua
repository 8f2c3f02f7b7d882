-- Many members of a sorted set, or many keys, in few commands: Lua and the server take only so many arguments in one.
local most_at_once = 500

local function in_parts(list, act)
  for from = 1, #list, most_at_once do
    act(from, math.min(from + most_at_once - 1, #list))
  end
end

local function keys_delete(keys)
  in_parts(keys, function(from, to) redis.call('DEL', unpack(keys, from, to)) end)
end

-- How many of the keys are there.
local function keys_count(keys)
  local count = 0
  in_parts(keys, function(from, to) count = count + redis.call('EXISTS', unpack(keys, from, to)) end)
  return count
end

local function members_remove(set, members)
  in_parts(members, function(from, to) redis.call('ZREM', set, unpack(members, from, to)) end)
end

local function members_add(set, score, members)
  in_parts(members, function(from, to)
    local scored = {}
    for i = from, to do
      scored[#scored + 1] = score
      scored[#scored + 1] = members[i]
    end
    redis.call('ZADD', set, unpack(scored))
  end)
end

-- The scores by member; false where the set does not have it.
local function members_scores(set, members)
  local scores = {}
  in_parts(members, function(from, to)
    for i, score in ipairs(redis.call('ZMSCORE', set, unpack(members, from, to))) do
      scores[members[from + i - 1]] = score
    end
  end)
  return scores
end
