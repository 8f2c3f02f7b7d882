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
    private readonly RedisTestKeys _keys;

    private RedisOutboxHarness(RedisTestKeys keys)
    {
        _keys = keys;
        Repository = CreateRepository();
    }

    public IConnectionMultiplexer Multiplexer => Database.Multiplexer;

    public RedisOptions Options => _keys.Options;

    public IDatabase Database => _keys.Database;

    public override IOutboxRepository Repository { get; }

    public override IOutboxOperations Operations =>
        new RedisOutboxOperations(new RedisConnections(Multiplexer), Options, TimeProvider.System, SystemEntropy.Instance);

    public override bool KeepsSentRows => Options.AfterSending != AfterSending.Delete;

    // The server is on this machine, so that the two have one clock, to the millisecond.
    public override DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    public static Task<RedisOutboxHarness> CreateAsync(RedisServer server, RedisOptions? options = null) =>
        CreateAsync(server.Multiplexer, options);

    public static async Task<RedisOutboxHarness> CreateAsync(IConnectionMultiplexer multiplexer, RedisOptions? options = null) =>
        new(await RedisTestKeys.CreateAsync(multiplexer, options ?? new RedisOptions()));

    public override IOutboxRepository CreateRepository() => CreateRepository(Multiplexer);

    public RedisOutboxRepository CreateRepository(IConnectionMultiplexer multiplexer) =>
        new(new RedisConnections(multiplexer), Options, TimeProvider.System, SystemEntropy.Instance);

    public override Task PassAsync(TimeSpan time) => _keys.PassAsync(time);

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
                    field => (string)field.Name!, field => (string)_keys.AsWritten(field.Name!, field.Value)!, StringComparer.Ordinal);
            }
        }

        return null;
    }

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
