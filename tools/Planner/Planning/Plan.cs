using Relaybox.Planner.Brokers;
using Relaybox.Planner.Stores;

namespace Relaybox.Planner.Planning;

/// <summary>What it takes to carry a rate.</summary>
/// <param name="Rate">Events a second, all day.</param>
/// <param name="Store">Where the outbox and the inbox are.</param>
/// <param name="Broker">Through what the events go.</param>
/// <param name="Needs">How many of what.</param>
/// <param name="Limits">What can only do so much, the first that is met first.</param>
/// <param name="Charges">What a month costs.</param>
internal sealed record Plan(
    double Rate, IPlannedStore Store, IPlannedBroker Broker, IReadOnlyList<Need> Needs, IReadOnlyList<Limit> Limits, IReadOnlyList<Charge> Charges)
{
    internal const double SecondsPerMonth = 730 * 3600;

    /// <summary>Store and broker as people call them.</summary>
    public string Title => $"{Store.Title} + {Broker.Title}";

    /// <summary>The limit that is met first in the stack as it comes, on an ordinary day.</summary>
    public Limit FirstLimit => Limits.First(limit => limit.Only is null);

    public double DollarsPerMonth => Charges.Sum(charge => charge.Dollars);

    public double DollarsPerMillion => DollarsPerMonth / (Rate * SecondsPerMonth / 1e6);

    /// <summary>How many of something are needed; 0 where nothing of the name is.</summary>
    public double Count(string name) => Needs.FirstOrDefault(need => need.Name == name)?.Count ?? 0;
}
