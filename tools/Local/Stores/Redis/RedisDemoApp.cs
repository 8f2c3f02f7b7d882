using System.Globalization;
using Relaybox.Events;
using Relaybox.Local.Demo;
using Relaybox.Redis;
using StackExchange.Redis;
using Order = Relaybox.Local.Demo.Order;

namespace Relaybox.Local.Stores.Redis;

/// <summary>The app on Redis: its orders are hashes beside the outbox, with the hash tag of the bucket in which the event is written.</summary>
internal sealed class RedisDemoApp(ConfigurationOptions configuration, string keyPrefix, string buckets, string effects) : IDemoApp
{
    private const string EventId = "eventId";
    private const string CommittedAt = "committedAt";

    // Hashes are read so many at a time.
    private const int Chunk = 500;

    private readonly RedisOptions _options = new() { KeyPrefix = keyPrefix, Buckets = int.Parse(buckets, CultureInfo.InvariantCulture) };
    private readonly Lock _gate = new();
    private ConnectionMultiplexer? _connection;

    // Connected by the first that needs it.
    private ConnectionMultiplexer Connection
    {
        get
        {
            lock (_gate)
            {
                return _connection ??= ConnectionMultiplexer.Connect(configuration);
            }
        }
    }

    private IDatabase Database => Connection.GetDatabase();

    public Task PrepareAsync(CancellationToken cancellationToken) => Task.Run(() => Connection, cancellationToken);

    public async Task<bool> PlaceAsync(Order order, CancellationToken cancellationToken)
    {
        var outboxEvent = new OutboxEvent
        {
            EventId = order.EventId, Subject = order.EventSubject, Payload = order.Payload, OrderingKey = order.OrderingKey,
        };
        var bucket = OutboxInsert.BucketOf(_options, outboxEvent);
        var key = $"order:{bucket.Tag}:{order.OrderId}";
        var commands = new RedisCommands(
            RedisWrite.HashSet(key, "customer", order.Customer),
            RedisWrite.HashSet(key, "totalCents", order.TotalCents),
            RedisWrite.HashSet(key, EventId, order.EventId),
            RedisWrite.HashSet(key, CommittedAt, order.CommittedAt.ToUnixTimeMilliseconds())).Require(RedisCondition.Absent(key));
        try
        {
            var answer = await OutboxInsert.RunAsync(Database, _options, bucket, [outboxEvent], commands).WaitAsync(cancellationToken);
            return (string?)answer[0] == OutboxInsert.Written;
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            return false;
        }
    }

    public async Task<int> CountSentAsync(CancellationToken cancellationToken) => (int)(await Task.WhenAll(
        Bucket.All(_options).Select(bucket => Database.SortedSetLengthAsync(bucket.Sent())))).Sum();

    public async Task<int> CountEffectsAsync(CancellationToken cancellationToken) => (await KeysAsync(effects, cancellationToken)).Count;

    public Task<IReadOnlyDictionary<string, DateTimeOffset>> ReadOrdersAsync(CancellationToken cancellationToken) => ReadAsync(
        "order", [EventId, CommittedAt], (_, fields) => ((string)fields[0]!, Time(fields[1])), cancellationToken);

    public Task<IReadOnlyDictionary<string, string>> ReadOutboxAsync(CancellationToken cancellationToken) => ReadRowsAsync(
        ["status"], fields => (string?)fields[0] ?? "", cancellationToken);

    public async Task<IReadOnlyDictionary<string, (string Key, long Place)>?> ReadPlacesAsync(CancellationToken cancellationToken) =>
        (await ReadRowsAsync(["orderingKey", "seq"], fields => (Key: (string?)fields[0], Place: fields[1]), cancellationToken))
        .Where(row => row.Value.Key is not null)
        .ToDictionary(row => row.Key, row => (row.Value.Key!, long.Parse((string)row.Value.Place!, CultureInfo.InvariantCulture)));

    public Task<IReadOnlyDictionary<string, Effect>> ReadEffectsAsync(CancellationToken cancellationToken) => ReadAsync(
        effects,
        ["applied", "appliedAt"],
        (key, fields) => (key[(key.IndexOf("}:", StringComparison.Ordinal) + 2)..], new Effect((int)fields[0], Time(fields[1]))),
        cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (_connection is not null)
        {
            await _connection.DisposeAsync();
        }
    }

    private static DateTimeOffset Time(RedisValue milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds((long)milliseconds);

    private async Task<IReadOnlyDictionary<string, T>> ReadRowsAsync<T>(
        RedisValue[] fields, Func<RedisValue[], T> read, CancellationToken cancellationToken)
    {
        var keys = await KeysAsync(OutboxNames.RowPattern(_options), cancellationToken);
        return await ReadAsync(keys, fields, (key, values) => (OutboxNames.ReadRow(_options, key)!.Value.EventId, read(values)));
    }

    private async Task<IReadOnlyDictionary<string, T>> ReadAsync<T>(
        string name, RedisValue[] fields, Func<string, RedisValue[], (string EventId, T Value)> read, CancellationToken cancellationToken) =>
        await ReadAsync(await KeysAsync(name, cancellationToken), fields, read);

    private async Task<IReadOnlyDictionary<string, T>> ReadAsync<T>(
        IReadOnlyList<RedisKey> keys, RedisValue[] fields, Func<string, RedisValue[], (string EventId, T Value)> read)
    {
        var result = new Dictionary<string, T>();
        foreach (var chunk in keys.Chunk(Chunk))
        {
            var hashes = await Task.WhenAll(chunk.Select(key => Database.HashGetAsync(key, fields)));
            foreach (var (key, values) in chunk.Zip(hashes).Where(pair => !pair.Second[0].IsNull || fields[0] == "orderingKey"))
            {
                var (eventId, value) = read(key!, values);
                result[eventId] = value;
            }
        }

        return result;
    }

    // A name stands for all keys that begin with it and have the hash tag of a bucket.
    private async Task<IReadOnlyList<RedisKey>> KeysAsync(string name, CancellationToken cancellationToken)
    {
        var keys = new HashSet<RedisKey>();
        var pattern = name.Contains('*', StringComparison.Ordinal) ? name : $"{name}:{{{_options.KeyPrefix}:*}}:*";
        foreach (var server in Connection.GetServers().Where(server => server is { IsConnected: true, IsReplica: false }))
        {
            await foreach (var key in server.KeysAsync(pattern: pattern, pageSize: 1_000).WithCancellation(cancellationToken))
            {
                keys.Add(key);
            }
        }

        return [.. keys];
    }
}
