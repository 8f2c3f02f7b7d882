using Relaybox.Redis;
using StackExchange.Redis;

namespace Relaybox.Benchmarks.Stores.Redis;

/// <summary>One of the server's databases, which can be emptied alone, on a connection as the functions have it.</summary>
/// <param name="connection">The connection.</param>
internal sealed class RedisBenchDatabase(IConnectionMultiplexer connection) : IAsyncDisposable
{
    public IDatabase Database { get; } = connection.GetDatabase();

    public RedisConnections Connections { get; } = new(connection);

    public static async Task<RedisBenchDatabase> ConnectAsync(string address, int number) => new(
        await ConnectionMultiplexer.ConnectAsync(
            RedisConnectionText.FromUrl(new RedisConnectionOptions { Url = $"redis://{address}/{number}" })));

    /// <summary>Deletes everything, before it answers.</summary>
    public Task EmptyAsync() => Database.ExecuteAsync("FLUSHDB", "SYNC");

    /// <summary>Deletes everything, and makes the product's buckets.</summary>
    public async Task MakeAnewAsync(RedisOptions options, CancellationToken cancellationToken)
    {
        await EmptyAsync();
        await RedisSchema.CreateAsync(Database, options, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await Connections.DisposeAsync();
        await connection.DisposeAsync();
    }
}
