using Relaybox.Planner.Planning;

namespace Relaybox.Planner.Brokers;

/// <summary>A broker as plans know it.</summary>
internal interface IPlannedBroker
{
    /// <summary>The value of the template's parameter <c>Broker</c>.</summary>
    string Name { get; }

    /// <summary>What people call the broker.</summary>
    string Title { get; }

    /// <summary>The function that handles its messages.</summary>
    PlannedConsumer Consumer { get; }

    /// <summary>Milliseconds that a relay takes to publish so many events.</summary>
    double PublishTime(PlanBuilder plan, double events);

    /// <summary>Adds what the broker needs, what limits it, and what it costs. Consumers and store are there already.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="perConsumer">Events a second of one consumer.</param>
    void Add(PlanBuilder plan, double perConsumer);
}
