using System.Globalization;
using Relaybox.Local.Stores.Redis;
using StackExchange.Redis;

namespace Relaybox.EndToEnd.Tests.Examples;

/// <summary>Redis and SQS.</summary>
internal sealed class RedisExampleStack : ExampleStack
{
    private readonly Lazy<Task<ConnectionMultiplexer>> _connection;

    private RedisExampleStack(Started started)
        : base(started) => _connection = new(((RedisRun)Servers.Store).ConnectAsync);

    private string Tag => $"{{{Environment["REDIS_KEY_PREFIX"]}:0}}";

    public static async Task<ExampleStack> StartAsync() => new RedisExampleStack(await StartAsync("redis", "sqs"));

    public override async Task<Effect?> FindEffectAsync(string eventId)
    {
        var fields = await (await DatabaseAsync()).HashGetAsync($"effects:{Tag}:{eventId}", ["applied", "orderId", "appliedAt"]);
        return fields[0].IsNull ? null : new Effect((long)fields[0], (string)fields[1]!, Time(fields[2]));
    }

    public override async Task<bool> HasOrderAsync(string orderId) => await (await DatabaseAsync()).KeyExistsAsync($"order:{Tag}:{orderId}");

    public override async Task<long> CountEventsAsync()
    {
        var count = 0;
        await foreach (var key in (await _connection.Value).GetServers()[0].KeysAsync(pattern: $"{Tag}:row:*"))
        {
            count++;
        }

        return count;
    }

    /// <summary>Reads an outbox row's key, place, time and headers.</summary>
    public async Task<SentRow> SentRowAsync(string eventId)
    {
        var fields = await (await DatabaseAsync()).HashGetAsync($"{Tag}:row:{eventId}", ["orderingKey", "seq", "availableAt", "headers"]);
        return new SentRow(
            fields[0],
            fields[1].IsNull ? null : long.Parse((string)fields[1]!, CultureInfo.InvariantCulture),
            fields[2].IsNull ? DateTimeOffset.MinValue : Time(fields[2]),
            fields[3]);
    }

    public override async ValueTask DisposeAsync()
    {
        if (_connection.IsValueCreated)
        {
            await (await _connection.Value).DisposeAsync();
        }

        await base.DisposeAsync();
    }

    private static DateTimeOffset Time(RedisValue milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds((long)milliseconds);

    private async Task<IDatabase> DatabaseAsync() => (await _connection.Value).GetDatabase();

    /// <summary>An outbox row as the script has written it.</summary>
    internal sealed record SentRow(string? OrderingKey, long? Number, DateTimeOffset AvailableAt, string? Headers);
}
