using Relaybox.Local;

namespace Relaybox.Planner.Stores;

/// <summary>The stores that can be planned for.</summary>
internal static class PlannedStores
{
    /// <summary>All of them; the first is the default.</summary>
    public static IReadOnlyList<IPlannedStore> All { get; } =
        [new PlannedDynamoDb(), new PlannedPostgres(), new PlannedMongoDb(), new PlannedMySql(), new PlannedRedis()];

    /// <exception cref="RunnerException">No store has the name; the message lists those that there are.</exception>
    public static IPlannedStore Find(string name) => All.FirstOrDefault(store => store.Name == name)
        ?? throw new RunnerException($"There is no plan for such a store. Choose one of: {string.Join(", ", All.Select(store => store.Name))}.");
}
