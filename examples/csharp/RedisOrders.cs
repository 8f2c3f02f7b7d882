using Relaybox.Redis;
using StackExchange.Redis;

namespace PlaceOrder;

/// <summary>Orders in Redis: hashes beside the outbox.</summary>
internal sealed class RedisOrders : IOrders
{
    private readonly RedisOptions _options = new()
    {
        KeyPrefix = Environment.GetEnvironmentVariable("REDIS_KEY_PREFIX") ?? "relaybox",
        Buckets = int.Parse(Environment.GetEnvironmentVariable("REDIS_BUCKETS") ?? "1", null),
    };

    private ConnectionMultiplexer? _connection;

    /// <inheritdoc />
    public async Task PlaceAsync(Order order, string eventId, CancellationToken cancellationToken)
    {
        _connection ??= await ConnectionMultiplexer.ConnectAsync(Configuration(
            Environment.GetEnvironmentVariable("REDIS_URL")
            ?? throw new InvalidOperationException("REDIS_URL is not set. Run: source .relaybox/env")));
        var writer = new RedisOutboxWriter(_connection, _options);

        // The event goes where the order is: one script changes keys of one hash tag only.
        var key = $"order:{writer.GetTag(order.OrderId)}:{order.OrderId}";
        var commands = new RedisCommands(
            RedisWrite.HashSet(key, "customer", order.Customer),
            RedisWrite.HashSet(key, "totalCents", order.TotalCents)).Require(RedisCondition.Absent(key));
        await writer.ExecuteWithOutboxAsync(commands, writer.NewEvent(Order.Placed, order.ToJson()) with { EventId = eventId }, cancellationToken);
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _connection?.DisposeAsync() ?? ValueTask.CompletedTask;

    // StackExchange.Redis reads no redis://user:password@host:port/0.
    private static ConfigurationOptions Configuration(string url)
    {
        var address = new Uri(url);
        var credentials = address.UserInfo.Split(':', 2);
        var configuration = new ConfigurationOptions
        {
            User = Uri.UnescapeDataString(credentials[0]) is { Length: > 0 } user ? user : null,
            Password = credentials is [_, var password] ? Uri.UnescapeDataString(password) : null,
            Ssl = address.Scheme == "rediss",
            DefaultDatabase = int.TryParse(address.AbsolutePath.TrimStart('/'), out var number) ? number : 0,
        };
        configuration.EndPoints.Add(address.Host, address.Port < 0 ? 6379 : address.Port);
        return configuration;
    }
}
