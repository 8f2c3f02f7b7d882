using Relaybox.Model.Costs;

namespace Relaybox.Model.Planning;

/// <summary>Says what a rate takes.</summary>
internal static class Planner
{
    internal const string Consumers = "consumers at once";
    internal const string Connections = "connections to the database";

    public static Plan Make(CostSheet costs, double rate, Store store, Broker broker)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rate);
        var plan = new PlanBuilder(rate, costs);
        var consuming = ConsumeFunction(plan, store, broker);
        if (store == Store.DynamoDb)
        {
            DynamoDbParts.Add(plan, broker);
        }
        else
        {
            PostgresParts.Add(plan, broker, consuming, PerConsumer(plan, store, broker));
        }

        if (broker == Broker.Sqs)
        {
            SqsParts.Add(plan, PerConsumer(plan, store, broker));
        }
        else
        {
            NatsParts.Add(plan);
        }

        plan.Limit(
            "Lambda: concurrent executions of the account", 1 / plan.FunctionSeconds, plan.Cost("lambda.concurrency"), "execution",
            "ask for a higher quota; larger batches");
        return plan.Build(store, broker);
    }

    private static double ConsumeFunction(PlanBuilder plan, Store store, Broker broker)
    {
        var batch = plan.Cost(broker == Broker.Sqs ? "consume.batch" : "pull.batch");
        var perConsumer = PerConsumer(plan, store, broker);
        plan.Function(broker == Broker.Sqs ? "Consume" : "PullConsume", batch, batch / perConsumer * 1000);
        var consumers = plan.Need(Consumers, plan.Units(perConsumer));
        plan.Limit(
            broker == Broker.Sqs ? "Consume: ConsumeMaximumConcurrency" : "PullConsume: invocations at once",
            perConsumer,
            plan.Cost(broker == Broker.Sqs ? "consume.concurrency" : "pull.concurrency"),
            "invocation",
            broker == Broker.Sqs ? "raise it, to 1,000 per queue; then several queues" : "a schedule more, and ReservedConcurrentExecutions; then several stacks, each with a part of the subjects");
        return consumers;
    }

    /// <summary>Events a second of one invocation of the consumer after the other: the inbox, and the user's handler.</summary>
    internal static double PerConsumer(PlanBuilder plan, Store store, Broker broker)
    {
        var batch = plan.Cost(broker == Broker.Sqs ? "consume.batch" : "pull.batch");
        var turns = Math.Ceiling(batch / plan.Cost("consume.handlers_at_once"));
        var inbox = store == Store.DynamoDb ? turns * plan.Cost("dynamodb.inbox_ms") : batch / 10 * plan.Cost("postgres.inbox_ms_per_10");
        return batch / (inbox + (turns * plan.Cost("handler_ms"))) * 1000;
    }
}
