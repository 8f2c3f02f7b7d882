using Relaybox.Local.Stores.DynamoDb;
using Relaybox.Local.Stores.MongoDb;
using Relaybox.Local.Stores.MySql;
using Relaybox.Local.Stores.Postgres;
using Relaybox.Local.Stores.Redis;

namespace Relaybox.Local.Stores;

/// <summary>The stores that the runner knows.</summary>
internal static class LocalStores
{
    /// <summary>All of them; the first is that of a template without the parameter <c>Store</c>.</summary>
    public static IReadOnlyList<ILocalStore> All { get; } =
        [new DynamoDbLocalStore(), new PostgresLocalStore(), new MongoDbLocalStore(), new MySqlLocalStore(), new RedisLocalStore()];

    /// <exception cref="RunnerException">No store has the name; the message lists those that there are.</exception>
    public static ILocalStore Find(string name) => All.FirstOrDefault(store => store.Name == name)
        ?? throw new RunnerException($"There is no such store here. Choose one of: {string.Join(", ", All.Select(store => store.Name))}.");
}
