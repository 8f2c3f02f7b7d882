using Relaybox.Planner.Brokers;
using Relaybox.Planner.Costs;
using Relaybox.Planner.Flow;
using Relaybox.Planner.Stores;

namespace Relaybox.Planner.Planning;

/// <summary>Says what a rate takes.</summary>
internal static class StackPlanner
{
    internal const string Consumers = "consumers at once";
    internal const string Relays = "relays at once";
    internal const string Connections = "connections to the database";

    public static Plan Make(CostSheet costs, double rate, IPlannedStore store, IPlannedBroker broker)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rate);
        var plan = new PlanBuilder(rate, costs);
        var perConsumer = PerConsumer(plan, store, broker);
        AddConsumer(plan, broker.Consumer, perConsumer);
        store.Add(plan, broker);
        broker.Add(plan, perConsumer);
        plan.Limit(
            "Lambda: concurrent executions of the account", 1 / plan.FunctionSeconds, plan.Cost("lambda.concurrency"), "execution",
            "ask for a higher quota; larger batches");
        return plan.Build(store, broker);
    }

    /// <summary>Events a second of one invocation of the consumer after the other: the inbox, and the user's handler.</summary>
    internal static double PerConsumer(PlanBuilder plan, IPlannedStore store, IPlannedBroker broker)
    {
        var batch = plan.Cost(broker.Consumer.BatchCost);
        var turns = Math.Ceiling(batch / plan.Cost("consume.handlers_at_once"));
        return batch / (store.InboxTime(plan, batch, turns) + (turns * plan.Cost("handler_ms"))) * 1000;
    }

    /// <summary>Events a second of all consumers of a plan.</summary>
    internal static double ConsumedPerSecond(PlanBuilder parts, Plan plan) =>
        plan.Count(Consumers) * PerConsumer(parts, plan.Store, plan.Broker);

    /// <summary>The flow through a database whose sweeps listen.</summary>
    /// <param name="parts">The costs.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="perRelay">Rows a second of one relay.</param>
    /// <param name="askAgain">Seconds between two claims of a relay that cannot publish.</param>
    internal static FlowOptions FlowOfSweeps(PlanBuilder parts, Plan plan, double perRelay, double askAgain)
    {
        var (relays, batch) = (plan.Count(Relays), parts.Cost("relay.batch"));
        return new FlowOptions
        {
            RelayedPerSecond = relays * perRelay,
            TriedPerSecond = relays * batch / askAgain,
            ConsumedPerSecond = ConsumedPerSecond(parts, plan),
            RowsInHand = relays * batch,
        };
    }

    private static void AddConsumer(PlanBuilder plan, PlannedConsumer consumer, double perConsumer)
    {
        var batch = plan.Cost(consumer.BatchCost);
        plan.Function(consumer.Function, batch, batch / perConsumer * 1000);
        plan.Need(Consumers, plan.Units(perConsumer));
        plan.Limit($"{consumer.Function}: {consumer.Limit}", perConsumer, plan.Cost(consumer.LimitCost), "invocation", consumer.Change);
    }
}
