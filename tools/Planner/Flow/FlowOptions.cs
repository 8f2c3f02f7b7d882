using Relaybox.Outbox.Relay;
using Relaybox.Planner.Costs;
using Relaybox.Planner.Planning;

namespace Relaybox.Planner.Flow;

/// <summary>How a stack works, as far as a flow of events can see it.</summary>
internal sealed record FlowOptions
{
    /// <summary>How many events a second the store takes from the apps; what is beyond is throttled, and the apps try again.</summary>
    public double WritesPerSecond { get; init; } = double.PositiveInfinity;

    /// <summary>How many rows a second all relays together publish: the stream's, or the sweeps that listen.</summary>
    public required double RelayedPerSecond { get; init; }

    /// <summary>How many deferred rows a second the sweeps publish; null where they are taken by the same relays, as in PostgreSQL.</summary>
    public double? SweptPerSecond { get; init; }

    /// <summary>How many rows a second are tried, and deferred, while the broker is out of reach.</summary>
    public required double TriedPerSecond { get; init; }

    /// <summary>The same, of the sweeps.</summary>
    public double SweepTriedPerSecond { get; init; }

    /// <summary>How many messages a second all consumers together handle.</summary>
    public required double ConsumedPerSecond { get; init; }

    /// <summary>How many rows all relays together have in their hands.</summary>
    public double RowsInHand { get; init; }

    /// <summary>The delays and the lease of the code.</summary>
    public RelayOptions Relay { get; init; } = new();

    /// <summary>A stack of the size that is planned for a rate.</summary>
    /// <param name="costs">The costs.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="sweeps">How many sweeps run at once, where the store has them apart.</param>
    public static FlowOptions For(CostSheet costs, Plan plan, int sweeps) => plan.Store.FlowOf(new PlanBuilder(plan.Rate, costs), plan, sweeps);
}
