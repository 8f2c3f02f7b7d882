using Relaybox.Redis;
using StackExchange.Redis;

namespace Relaybox.Benchmarks.Stores.Redis;

/// <summary>
/// The writes of the relay by the client alone, in three scripts: find rows that are due, take and read them, mark them by the token. Finding is
/// a script of its own because a cluster asks for the name of every key before a script begins.
/// </summary>
/// <param name="outbox">The outbox, of the product.</param>
/// <param name="batchSize">The most rows of a claim; a command has no more than a thousand arguments.</param>
internal sealed class RedisBareCommands(RedisBenchOutbox outbox, int batchSize)
{
    private const string Find =
        """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])
        """;

    private const string Take =
        """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local taken, leases, rows = {}, {}, {}
        for i = 3, #KEYS do
          local read = redis.call('HMGET', KEYS[i], 'status', 'subject', 'payload', 'headers')
          if read[1] == 'pending' then
            redis.call('HSET', KEYS[i], 'status', 'publishing', 'token', ARGV[1], 'claimedAt', now, 'dueAt', now + 120000, 'unfinished', 1)
            taken[#taken + 1] = ARGV[i - 1]
            leases[#leases + 1] = now + 120000
            leases[#leases + 1] = ARGV[i - 1]
            rows[#rows + 1] = { i - 3, read[2], read[3], read[4] }
          end
        end
        if #taken > 0 then
          redis.call('ZREM', KEYS[1], unpack(taken))
          redis.call('ZADD', KEYS[2], unpack(leases))
        end
        return rows
        """;

    private const string Send =
        """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local members, sent = {}, {}
        for i = 3, #KEYS do
          local read = redis.call('HMGET', KEYS[i], 'status', 'token')
          if read[1] == 'publishing' and read[2] == ARGV[1] then
            redis.call('HSET', KEYS[i], 'status', 'sent', 'sentAt', now)
            redis.call('HDEL', KEYS[i], 'claimedAt', 'dueAt', 'unfinished')
            members[#members + 1] = ARGV[i - 1]
            sent[#sent + 1] = now
            sent[#sent + 1] = ARGV[i - 1]
          end
        end
        if #members > 0 then
          redis.call('ZREM', KEYS[1], unpack(members))
          redis.call('ZADD', KEYS[2], unpack(sent))
        end
        return #members
        """;

    private readonly RedisKey _due = outbox.Bucket.Keys()[1];
    private readonly RedisKey _leases = outbox.Bucket.Leases();
    private readonly RedisKey _sent = outbox.Bucket.Sent();

    /// <summary>Claims rows, and reads them.</summary>
    /// <returns>Their event ids; none where nothing is due.</returns>
    public async Task<List<string>> ClaimAsync(string token)
    {
        var found = (RedisValue[])(await outbox.Database.ScriptEvaluateAsync(Find, [_due], [batchSize]))!;
        if (found.Length == 0)
        {
            return [];
        }

        var foundIds = Array.ConvertAll(found, member => OutboxNames.ReadMember(member).EventId);
        var rows = (RedisResult[])(await outbox.Database.ScriptEvaluateAsync(
            Take, [_due, _leases, .. foundIds.Select(RowOf)], [token, .. found]))!;
        var ids = new List<string>(rows.Length);
        foreach (var row in rows)
        {
            ids.Add(foundIds[(int)row[0]]);
            _ = ((string?)row[1], (string?)row[2], (string?)row[3]);
        }

        return ids;
    }

    /// <summary>Marks claimed rows as sent, and says how many were.</summary>
    public async Task<int> MarkAsync(List<string> ids, string token) => (int)await outbox.Database.ScriptEvaluateAsync(
        Send, [_leases, _sent, .. ids.Select(RowOf)], [token, .. ids.Select(id => (RedisValue)$"\0\0{id}\0")]);

    private RedisKey RowOf(string eventId) => outbox.Bucket.Row(eventId);
}
