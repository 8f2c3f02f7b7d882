using Relaybox.Redis;
using Relaybox.Testing;
using StackExchange.Redis;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>
/// Keys under a prefix of their own, set up, whose time a test can move. The server's clock cannot be moved: when time passes, what
/// outbox, inbox and jobs have stored becomes older instead.
/// </summary>
public sealed class RedisTestKeys
{
    // When an event was written stays as the app said it, but where members are made of it.
    private static readonly string[] Times =
    [
        "availableAt", "claimedAt", "dueAt", "sentAt", "failedAt", "skippedAt", "shelvedAt", "receivedAt", "leaseUntil", "processedAt",
    ];

    // Scores and times go back, also those in the members of rows with a key. KEYS: none, since it is the tests' own.
    private const string Pass =
        """
        local by = tonumber(ARGV[2])
        local function earlier(member)
          return (string.gsub(member, '%z(%d+)$', function(time) return '\0' .. string.format('%.0f', tonumber(time) - by) end))
        end
        local function move(key, field)
          local value = tonumber(redis.call('HGET', key, field) or '')
          if value then redis.call('HSET', key, field, string.format('%.0f', value - by)) end
        end
        for _, key in ipairs(redis.call('KEYS', ARGV[1])) do
          local kind = redis.call('TYPE', key).ok
          if kind == 'zset' then
            local lines = string.find(key, ':lines$')
            local all = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
            redis.call('DEL', key)
            for i = 1, #all, 2 do
              redis.call('ZADD', key, lines and 0 or string.format('%.0f', tonumber(all[i + 1]) - by), earlier(all[i]))
            end
          elseif kind == 'hash' then
            for field = 3, #ARGV do move(key, ARGV[field]) end
            if redis.call('HEXISTS', key, 'seq') == 1 then move(key, 'enqueuedAt') end
          end
        end
        """;

    private TimeSpan _passed;

    private RedisTestKeys(IDatabase database, RedisOptions options) => (Database, Options) = (database, options);

    public IDatabase Database { get; }

    public RedisOptions Options { get; }

    public static Task<RedisTestKeys> CreateAsync(RedisServer server, int buckets = 1) => CreateAsync(server.Multiplexer, buckets);

    public static Task<RedisTestKeys> CreateAsync(IConnectionMultiplexer multiplexer, int buckets) =>
        CreateAsync(multiplexer, new RedisOptions { Buckets = buckets });

    public static async Task<RedisTestKeys> CreateAsync(IConnectionMultiplexer multiplexer, RedisOptions options)
    {
        var keys = new RedisTestKeys(multiplexer.GetDatabase(), options with { KeyPrefix = RedisServer.UniquePrefix() });
        await RedisSchema.CreateAsync(keys.Database, keys.Options, CancellationToken.None);
        return keys;
    }

    internal RedisConnections Connect(IConnectionMultiplexer? multiplexer = null) => new(multiplexer ?? Database.Multiplexer);

    /// <summary>The tag of the bucket of an ordering key, or of an event id.</summary>
    public string TagOf(string text) => Bucket.Of(Options, text).Tag;

    /// <summary>Lets time pass, for everything that outbox, inbox and jobs have stored.</summary>
    public async Task PassAsync(TimeSpan time)
    {
        _passed += time;
        foreach (var bucket in Bucket.All(Options))
        {
            await Database.ScriptEvaluateAsync(
                $"-- {bucket.Tag}\n{Pass}",
                [bucket.Schema],
                [$"{bucket.Tag}:*", (long)time.TotalMilliseconds, .. Times.Select(field => (RedisValue)field)]);
        }
    }

    /// <summary>Everything that a hash holds, as text; null where it does not exist. The time that has passed changes nothing of it.</summary>
    public async Task<IReadOnlyDictionary<string, string>?> ReadAsync(RedisKey key)
    {
        var hash = await Database.HashGetAllAsync(key);
        return hash.Length == 0
            ? null
            : hash.ToDictionary(entry => (string)entry.Name!, entry => Text(entry.Name!, entry.Value), StringComparer.Ordinal);
    }

    /// <summary>A field's value before any time passed.</summary>
    public RedisValue AsWritten(string field, RedisValue value) =>
        Times.Contains(field) && value.TryParse(out long time) ? time + (long)_passed.TotalMilliseconds : value;

    private string Text(string field, RedisValue value) => Convert.ToBase64String((byte[])AsWritten(field, value)!);
}
