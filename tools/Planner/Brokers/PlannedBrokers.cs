using Relaybox.Local;

namespace Relaybox.Planner.Brokers;

/// <summary>The brokers that can be planned for.</summary>
internal static class PlannedBrokers
{
    /// <summary>All of them; the first is the default.</summary>
    public static IReadOnlyList<IPlannedBroker> All { get; } = [new PlannedSqs(), new PlannedNats()];

    /// <exception cref="RunnerException">No broker has the name; the message lists those that there are.</exception>
    public static IPlannedBroker Find(string name) => All.FirstOrDefault(broker => broker.Name == name)
        ?? throw new RunnerException(
            $"There is no plan for such a broker. Choose one of: {string.Join(", ", All.Select(broker => broker.Name))}.");
}
