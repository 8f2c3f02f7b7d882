using System.Globalization;
using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Redis;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;
using Relaybox.Timing;
using StackExchange.Redis;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>An outbox of its own under a key prefix of its own.</summary>
internal sealed class RedisOutboxHarness : OutboxHarness
{
    // Scores and times go back, also those in the members of rows with a key. KEYS: none, since it is the tests' own.
    private const string Pass = """
        local by = tonumber(ARGV[2])
        local function earlier(member)
          return (string.gsub(member, '%z(%d+)$', function(time) return '\0' .. string.format('%.0f', tonumber(time) - by) end))
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
          elseif kind == 'hash' and string.find(key, ':row:', 1, true) then
            for _, name in ipairs({ 'enqueuedAt', 'availableAt', 'claimedAt', 'dueAt', 'sentAt', 'failedAt', 'skippedAt', 'shelvedAt' }) do
              -- What the app said stays as it was, but where members are made of it.
              local value = name ~= 'enqueuedAt' or redis.call('HEXISTS', key, 'seq') == 1
              value = value and tonumber(redis.call('HGET', key, name) or '')
              if value then
                redis.call('HSET', key, name, string.format('%.0f', value - by))
              end
            end
          end
        end
        """;

    private static readonly string[] Times = ["availableAt", "claimedAt", "dueAt", "sentAt", "failedAt", "skippedAt", "shelvedAt"];

    private TimeSpan _passed;

    private RedisOutboxHarness(IConnectionMultiplexer multiplexer, RedisOptions options)
    {
        (Multiplexer, Options) = (multiplexer, options);
        Repository = CreateRepository();
    }

    public IConnectionMultiplexer Multiplexer { get; }

    public RedisOptions Options { get; }

    public IDatabase Database => Multiplexer.GetDatabase();

    public override IOutboxRepository Repository { get; }

    public override IOutboxOperations Operations =>
        new RedisOutboxOperations(new RedisConnections(Multiplexer), Options, TimeProvider.System, SystemEntropy.Instance);

    public override bool KeepsSentRows => Options.AfterSending != AfterSending.Delete;

    // The server is on this machine, so that the two have one clock, to the millisecond.
    public override DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    public static Task<RedisOutboxHarness> CreateAsync(RedisServer server, RedisOptions? options = null) =>
        CreateAsync(server.Multiplexer, options);

    public static async Task<RedisOutboxHarness> CreateAsync(IConnectionMultiplexer multiplexer, RedisOptions? options = null)
    {
        options = (options ?? new RedisOptions()) with { KeyPrefix = RedisServer.UniquePrefix() };
        await RedisSchema.CreateAsync(multiplexer.GetDatabase(), options, CancellationToken.None);
        return new RedisOutboxHarness(multiplexer, options);
    }

    public override IOutboxRepository CreateRepository() => CreateRepository(Multiplexer);

    public RedisOutboxRepository CreateRepository(IConnectionMultiplexer multiplexer) =>
        new(new RedisConnections(multiplexer), Options, TimeProvider.System, SystemEntropy.Instance);

    public override async Task PassAsync(TimeSpan time)
    {
        _passed += time;
        foreach (var bucket in Bucket.All(Options))
        {
            await Database.ScriptEvaluateAsync(
                $"-- {bucket.Tag}\n{Pass}", [bucket.Schema], [$"{bucket.Tag}:*", (long)time.TotalMilliseconds]);
        }
    }

    public override async Task WriteAsync(RawRow row)
    {
        var fields = new List<HashEntry>();
        var isClaimed = row.Status == "publishing";
        Add("status", row.Status);
        Add("subject", row.Subject);
        Add("payload", row.Payload);
        Add("enqueuedAt", row.EnqueuedAt);
        Add("availableAt", row.AvailableAt);
        Add("dueAt", row.DueAt);
        Add("claimedAt", row.ClaimedAt);
        Add("token", row.Token);
        Add("sentAt", row.SentAt);
        Add("failedAt", row.FailedAt);
        var bucket = Bucket.Of(Options, row.EventId);
        await Database.HashSetAsync(bucket.Row(row.EventId), [.. fields]);
        if (row.Status == "pending" || (!isClaimed && row.DueAt is not null))
        {
            await AddToAsync("due", row.DueAt ?? row.AvailableAt ?? row.EnqueuedAt ?? Now);
        }

        if (isClaimed && row.DueAt is { } ended)
        {
            await AddToAsync("leases", ended);
        }

        if (row.SentAt is { } sent)
        {
            await AddToAsync("sent", sent);
        }

        if (row.FailedAt is { } failed)
        {
            await AddToAsync("failed", failed);
        }

        void Add(string field, object? value)
        {
            if (value is not null)
            {
                fields.Add(new HashEntry(field, value is DateTimeOffset time ? time.ToUnixTimeMilliseconds() : (RedisValue)(string)value));
            }
        }

        Task AddToAsync(string set, DateTimeOffset time) =>
            Database.SortedSetAddAsync($"{bucket.Tag}:{set}", $"\0\0{row.EventId}\0", time.ToUnixTimeMilliseconds());
    }

    public override Task DeleteAsync(string eventId) =>
        Task.WhenAll(Bucket.All(Options).Select(bucket => Database.KeyDeleteAsync(bucket.Row(eventId))));

    public override async Task<IReadOnlyDictionary<string, string>?> ReadAsync(string eventId)
    {
        foreach (var bucket in Bucket.All(Options))
        {
            var fields = await Database.HashGetAllAsync(bucket.Row(eventId));
            if (fields.Length > 0)
            {
                // The time that has passed changes nothing of it.
                return fields.ToDictionary(
                    field => (string)field.Name!,
                    field => Times.Contains((string?)field.Name) && field.Value.TryParse(out long time)
                        ? (time + (long)_passed.TotalMilliseconds).ToString(CultureInfo.InvariantCulture)
                        : (string)field.Value!,
                    StringComparer.Ordinal);
            }
        }

        return null;
    }

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
