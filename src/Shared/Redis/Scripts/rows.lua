-- include: lines
-- The rows of the outbox, as the sets see them.

-- Forgets a row that is not there, such as one that was deleted by hand.
local function row_forget(member)
  for _, set in ipairs({ box.due, box.leases, box.later, box.sent, box.failed }) do
    redis.call('ZREM', set, member)
  end
  line_leave(member)
end

-- What the sets need to know of a row; nil where there is no row. Other fields that are named are in 'others', in their order, false where
-- the row has none.
local function row_read(name, id, ...)
  local fields = redis.pcall(
    'HMGET', name, 'status', 'token', 'released', 'orderingKey', 'seq', 'enqueuedAt', 'availableAt', 'attempts', 'unfinished', 'skippedAt', ...)
  if fields.err or not (fields[1] or redis.call('HLEN', name) > 0) then
    return nil
  end
  local due = fields[7] or fields[6]
  return {
    name = name, status = fields[1] or '', token = fields[2], released = fields[3], key = fields[4], seq = fields[5], enqueued = fields[6],
    available = fields[7], due = due, attempts = fields[8], unfinished = tonumber(fields[9] or '') or 0, skipped = fields[10],
    member = member_of(id, fields[4], fields[5], due), others = ... and { unpack(fields, 11) },
  }
end
