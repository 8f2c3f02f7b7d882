using System.Globalization;
using Relaybox.Redis;
using Relaybox.Testing;
using StackExchange.Redis;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>
/// Keys under a prefix of their own, set up, whose time a test can move. The server's clock cannot be moved: when time passes, what
/// inbox and jobs have stored becomes older instead.
/// </summary>
public sealed class RedisTestKeys
{
    private static readonly string[] Times = ["receivedAt", "claimedAt", "leaseUntil", "processedAt", "failedAt"];

    private const string Pass =
        """
        for _, key in ipairs(redis.call('KEYS', ARGV[1])) do
          if redis.call('TYPE', key).ok == 'hash' then
            for field = 3, #ARGV do
              local value = tonumber(redis.call('HGET', key, ARGV[field]) or '')
              if value then redis.call('HSET', key, ARGV[field], string.format('%.0f', value - ARGV[2])) end
            end
          elseif string.find(key, ':inbox:leases$') or string.find(key, ':inbox:processed$') then
            local members = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
            for i = 1, #members, 2 do redis.call('ZADD', key, members[i + 1] - ARGV[2], members[i]) end
          end
        end
        """;

    private TimeSpan _passed;

    private RedisTestKeys(IDatabase database, RedisOptions options) => (Database, Options) = (database, options);

    public IDatabase Database { get; }

    public RedisOptions Options { get; }

    public static Task<RedisTestKeys> CreateAsync(RedisServer server, int buckets = 1) => CreateAsync(server.Multiplexer, buckets);

    public static async Task<RedisTestKeys> CreateAsync(IConnectionMultiplexer multiplexer, int buckets)
    {
        var keys = new RedisTestKeys(
            multiplexer.GetDatabase(), new RedisOptions { KeyPrefix = RedisServer.UniquePrefix(), Buckets = buckets });
        await RedisSchema.CreateAsync(keys.Database, keys.Options, CancellationToken.None);
        return keys;
    }

    internal RedisConnections Connect(IConnectionMultiplexer? multiplexer = null) => new(multiplexer ?? Database.Multiplexer);

    /// <summary>The tag of the bucket of an ordering key, or of an event id.</summary>
    public string TagOf(string text) => Bucket.Of(Options, text).Tag;

    /// <summary>Lets time pass, for everything that inbox and jobs have stored.</summary>
    public async Task PassAsync(TimeSpan time)
    {
        _passed += time;
        foreach (var bucket in Bucket.All(Options))
        {
            await Database.ScriptEvaluateAsync(
                Pass,
                [bucket.Schema],
                [$"{bucket.Tag}:*", (long)time.TotalMilliseconds, .. Times.Select(field => (RedisValue)field)]);
        }
    }

    /// <summary>Everything that a hash holds, as text; null where there is none. The time that has passed changes nothing of it.</summary>
    public async Task<IReadOnlyDictionary<string, string>?> ReadAsync(RedisKey key)
    {
        var hash = await Database.HashGetAllAsync(key);
        return hash.Length == 0
            ? null
            : hash.ToDictionary(entry => (string)entry.Name!, entry => Text(entry.Name!, entry.Value), StringComparer.Ordinal);
    }

    private string Text(string field, RedisValue value) => Times.Contains(field)
        ? ((long)value + (long)_passed.TotalMilliseconds).ToString(CultureInfo.InvariantCulture)
        : Convert.ToBase64String((byte[])value!);
}
