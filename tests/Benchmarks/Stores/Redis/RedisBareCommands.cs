using Relaybox.Redis;
using StackExchange.Redis;

namespace Relaybox.Benchmarks.Stores.Redis;

/// <summary>
/// The writes of the relay by the client alone, in two scripts: take rows that are due and read them, mark them by the token. The first one makes
/// the names of the rows itself, which saves a round trip; a cluster asks that they be named before.
/// </summary>
/// <param name="outbox">The outbox, of the product.</param>
/// <param name="batchSize">The most rows of a claim; a command has no more than a thousand arguments.</param>
internal sealed class RedisBareCommands(RedisBenchOutbox outbox, int batchSize)
{
    private const string Take =
        """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local members = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])
        if #members == 0 then
          return members
        end
        local leases, rows = {}, {}
        for i, member in ipairs(members) do
          local id = string.sub(member, 3, -2)
          local row = ARGV[3] .. id
          local read = redis.call('HMGET', row, 'subject', 'payload', 'headers')
          redis.call('HSET', row, 'status', 'publishing', 'token', ARGV[2], 'claimedAt', now, 'dueAt', now + 120000, 'unfinished', 1)
          leases[2 * i - 1], leases[2 * i] = now + 120000, member
          rows[i] = { id, read[1], read[2], read[3] }
        end
        redis.call('ZREM', KEYS[1], unpack(members))
        redis.call('ZADD', KEYS[2], unpack(leases))
        return rows
        """;

    private const string Send =
        """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local members, sent = {}, {}
        for i = 3, #ARGV do
          local row = ARGV[2] .. ARGV[i]
          local read = redis.call('HMGET', row, 'status', 'token')
          if read[1] == 'publishing' and read[2] == ARGV[1] then
            redis.call('HSET', row, 'status', 'sent', 'sentAt', now)
            redis.call('HDEL', row, 'claimedAt', 'dueAt', 'unfinished')
            local member = '\0\0' .. ARGV[i] .. '\0'
            members[#members + 1] = member
            sent[#sent + 1] = now
            sent[#sent + 1] = member
          end
        end
        if #members > 0 then
          redis.call('ZREM', KEYS[1], unpack(members))
          redis.call('ZADD', KEYS[2], unpack(sent))
        end
        return #members
        """;

    private readonly RedisKey[] _taking = [outbox.Bucket.Keys()[1], outbox.Bucket.Leases()];
    private readonly RedisKey[] _sending = [outbox.Bucket.Leases(), outbox.Bucket.Sent()];
    private readonly string _rows = outbox.Bucket.Row("");

    /// <summary>Claims rows, and reads them.</summary>
    /// <returns>Their event ids; none where nothing is due.</returns>
    public async Task<List<string>> ClaimAsync(string token)
    {
        var rows = (RedisResult[])(await outbox.Database.ScriptEvaluateAsync(Take, _taking, [batchSize, token, _rows]))!;
        var ids = new List<string>(rows.Length);
        foreach (var row in rows)
        {
            ids.Add((string)row[0]!);
            _ = ((string?)row[1], (string?)row[2], (string?)row[3]);
        }

        return ids;
    }

    /// <summary>Marks claimed rows as sent, and says how many were.</summary>
    public async Task<int> MarkAsync(List<string> ids, string token) =>
        (int)await outbox.Database.ScriptEvaluateAsync(Send, _sending, [token, _rows, .. ids.Select(id => (RedisValue)id)]);
}
