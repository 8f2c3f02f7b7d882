using Relaybox.Planner.Brokers;
using Relaybox.Planner.Flow;
using Relaybox.Planner.Planning;

namespace Relaybox.Planner.Stores;

/// <summary>A store as plans know it.</summary>
internal interface IPlannedStore
{
    /// <summary>The value of the template's parameter <c>Store</c>. The store's costs begin with it.</summary>
    string Name { get; }

    /// <summary>What people call the store.</summary>
    string Title { get; }

    /// <summary>Whether what an outage held up comes back by sweeps of its own; otherwise the same relays take it.</summary>
    bool SweepsApart { get; }

    /// <summary>Milliseconds that the inbox takes for a batch.</summary>
    /// <param name="plan">The costs.</param>
    /// <param name="batch">How many messages the batch has.</param>
    /// <param name="turns">How often as many handlers as may run at once begin.</param>
    double InboxTime(PlanBuilder plan, double batch, double turns);

    /// <summary>Adds what the store needs, what limits it, and what it costs. The consumers are there already.</summary>
    void Add(PlanBuilder plan, IPlannedBroker broker);

    /// <summary>How a stack of a plan's size works.</summary>
    /// <param name="parts">The costs.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="sweeps">How many sweeps run at once, where they are apart.</param>
    FlowOptions FlowOf(PlanBuilder parts, Plan plan, int sweeps);
}
