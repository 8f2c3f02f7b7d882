using Relaybox.Inbox;
using Relaybox.Outbox;
using Relaybox.Redis;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;
using Relaybox.Timing;
using StackExchange.Redis;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Inbox, outbox and effects under a prefix of their own.</summary>
internal sealed class RedisInboxHarness : InboxHarness
{
    private RedisInboxHarness(RedisTestKeys keys)
    {
        Keys = keys;
        Repository = CreateRepository();
        Outbox = new RedisOutboxRepository(keys.Connect(), keys.Options, TimeProvider.System, SystemEntropy.Instance);
    }

    public RedisTestKeys Keys { get; }

    public override IInboxRepository Repository { get; }

    public override IOutboxRepository Outbox { get; }

    // The server is on this machine, so that the two have one clock. It counts milliseconds.
    public override DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    public static Task<RedisInboxHarness> CreateAsync(RedisServer server, int buckets = 1) => CreateAsync(server.Multiplexer, buckets);

    public static async Task<RedisInboxHarness> CreateAsync(IConnectionMultiplexer multiplexer, int buckets) =>
        new(await RedisTestKeys.CreateAsync(multiplexer, buckets));

    public override IInboxRepository CreateRepository() => CreateRepository(null);

    public RedisInboxRepository CreateRepository(IConnectionMultiplexer? multiplexer) =>
        new(Keys.Connect(multiplexer), Keys.Options, TimeProvider.System, SystemEntropy.Instance);

    public override Task PassAsync(TimeSpan time) => Keys.PassAsync(time);

    public override async Task WriteAsync(RawRecord record)
    {
        var (names, key) = (NamesOf(record.EventId), new InboxKey(record.Consumer, record.EventId));
        var fields = new List<HashEntry>();
        Add("status", record.Status);
        Add("deliveries", record.Deliveries ?? 0);
        Add("claimToken", record.Token);
        Add("receivedAt", Milliseconds(record.ReceivedAt ?? Now));
        Add("leaseUntil", Milliseconds(record.LeaseUntil));
        Add("processedAt", Milliseconds(record.ProcessedAt));
        Add("failedAt", Milliseconds(record.FailedAt));
        Add("errorMessage", record.ErrorMessage);
        await Keys.Database.HashSetAsync(names.Record(key), [.. fields]);

        // The sets know also what they should not: no step touches a record for that.
        if (Milliseconds(record.LeaseUntil) is { IsNull: false } until)
        {
            await Keys.Database.SortedSetAddAsync(names.Leases, InboxNames.Member(key), (double)until);
        }

        if (Milliseconds(record.FailedAt) is { IsNull: false } failed)
        {
            await Keys.Database.SortedSetAddAsync(names.Failed, InboxNames.Member(key), (double)failed);
        }

        if (Milliseconds(record.ProcessedAt) is { IsNull: false } processed)
        {
            await Keys.Database.SortedSetAddAsync(names.Processed, InboxNames.Member(key), (double)processed);
        }

        void Add(string field, RedisValue value)
        {
            if (!value.IsNull)
            {
                fields.Add(new HashEntry(field, value));
            }
        }
    }

    public override Task DeleteAsync(string consumer, string eventId) => Keys.Database.KeyDeleteAsync(RecordOf(consumer, eventId));

    public override Task<IReadOnlyDictionary<string, string>?> ReadAsync(string consumer, string eventId) =>
        Keys.ReadAsync(RecordOf(consumer, eventId));

    public override void EnlistEffect(IMessageTransaction transaction, string name) =>
        transaction.Enlist(RedisWrite.Increment(EffectOf(transaction.GetRedisTag(), name)));

    /// <summary>A list is written, which is a string by then.</summary>
    public override void EnlistImpossible(IMessageTransaction transaction, string name)
    {
        var key = EffectOf(transaction.GetRedisTag(), name);
        transaction.Enlist(RedisWrite.Set(key, 1));
        transaction.Enlist(RedisWrite.ListPush(key, 1));
    }

    public override async Task<int> EffectsAsync(string name)
    {
        var effects = await Task.WhenAll(Bucket.All(Keys.Options).Select(bucket => Keys.Database.StringGetAsync(EffectOf(bucket.Tag, name))));
        return effects.Sum(effect => (int)effect);
    }

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public static string EffectOf(string tag, string name) => $"effect:{tag}:{name}";

    public RedisKey RecordOf(string consumer, string eventId) => NamesOf(eventId).Record(new InboxKey(consumer, eventId));

    public InboxNames NamesOf(string eventId) => new(Bucket.Of(Keys.Options, eventId));

    private static RedisValue Milliseconds(DateTimeOffset? time) => time is { } value ? value.ToUnixTimeMilliseconds() : RedisValue.Null;
}
