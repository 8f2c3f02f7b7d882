using Relaybox.Planner.Planning;

namespace Relaybox.Planner.Brokers;

/// <summary>A standard queue; what a FIFO queue would limit is said beside it.</summary>
internal sealed class PlannedSqs : IPlannedBroker
{
    internal const string Queues = "queues";
    internal const string FifoGroups = "on a FIFO queue: ordering keys that are busy at once";

    private const double PerCall = 10;

    public string Name => "sqs";

    public string Title => "SQS";

    public PlannedConsumer Consumer { get; } = new(
        "Consume", "consume.batch", "ConsumeMaximumConcurrency", "consume.concurrency", "raise it, to 1,000 per queue; then several queues");

    public double PublishTime(PlanBuilder plan, double events) =>
        Math.Ceiling(events / PerCall / plan.Cost("sqs.calls_at_once")) * plan.Cost("sqs.call_ms");

    public void Add(PlanBuilder plan, double perConsumer)
    {
        var perPoller = plan.Cost("consume.concurrency_limit");
        plan.Need(Queues, Math.Max(1, Math.Ceiling(plan.Needed(StackPlanner.Consumers) / perPoller)));

        // Send, receive and delete, ten messages each.
        plan.ChargeMillions("SQS: requests", 3 / PerCall, plan.Cost("sqs.dollars_per_million"));
        const string Fifo = "on a FIFO queue";
        plan.Limit(
            "SQS: calls of a queue", plan.Cost("sqs.fifo_calls") * PerCall, 1, "queue",
            "high-throughput mode (FifoThroughputLimit: perMessageGroupId), then 70,000 calls a second; several queues by a hash of the key", Fifo);
        plan.Limit(
            "SQS: one call at a time keeps the order", PerCall / plan.Cost("sqs.call_ms") * 1000,
            1, "relay", "more relays, each with its keys", Fifo);

        // The messages of a group are with one consumer at a time.
        plan.Limit("SQS: message groups", perConsumer, 1, "busy ordering key", "more keys; a faster handler", Fifo);
        plan.Need(FifoGroups, plan.Needed(StackPlanner.Consumers));
    }
}
