using Relaybox.Planner.Brokers;
using Relaybox.Planner.Flow;
using Relaybox.Planner.Planning;

namespace Relaybox.Planner.Stores;

/// <summary>Outbox and inbox in DynamoDB, relayed by the table's stream.</summary>
internal sealed class PlannedDynamoDb : IPlannedStore
{
    internal const string Partitions = "partitions of the outbox table, and shards of its stream";
    internal const string Relays = "stream relays at once";
    internal const string Tables = "outbox tables, at the quota of one";

    public string Name => "dynamodb";

    public string Title => "DynamoDB";

    public bool SweepsApart => true;

    public double InboxTime(PlanBuilder plan, double batch, double turns) => turns * plan.Cost("dynamodb.inbox_ms");

    public void Add(PlanBuilder plan, IPlannedBroker broker)
    {
        var write = WriteUnits(plan);
        var inbox = plan.Cost("dynamodb.inbox_wcu");
        var perPartition = plan.Cost("dynamodb.partition_wcu") / write;
        var perTable = plan.Cost("dynamodb.table_wcu") / write;
        plan.Limit(
            "DynamoDB: a new on-demand table", perPartition, plan.Cost("dynamodb.new_table_wcu") / plan.Cost("dynamodb.partition_wcu"), "partition",
            "it doubles by itself within 30 minutes of a new peak; set warm throughput before a launch");
        plan.Limit(
            "DynamoDB: quota of a table, outbox", perTable, 1, "table",
            "ask for a higher quota; several outbox tables by a hash of the event id, each with its stream");
        plan.Limit(
            "DynamoDB: quota of a table, inbox", plan.Cost("dynamodb.table_wcu") / inbox, 1, "table", "ask for a higher quota; a table per consumer");
        var partitions = plan.Need(Partitions, plan.Units(perPartition));
        plan.Need(Tables, plan.Units(perTable));

        var batch = plan.Cost("stream.batch");
        var perReader = PerReader(plan, broker);
        plan.Function("StreamRelay", batch, batch / perReader * 1000);
        plan.Need(Relays, Math.Max(Math.Ceiling(plan.Rate / perReader), Math.Min(partitions, plan.Rate)));
        plan.Limit(
            "DynamoDB Streams: shards, one batch each", perReader,
            plan.Cost("dynamodb.new_table_wcu") / plan.Cost("dynamodb.partition_wcu") * plan.Cost("stream.parallelization"), "batch under way",
            "StreamParallelizationFactor, to 10; shards grow with the table's partitions");

        // What an outage of the broker held up comes back through the due index and the sweep, not through the stream.
        plan.Limit(
            "DueIndex: shards", plan.Cost("dynamodb.partition_wcu") / plan.Cost("dynamodb.due_wcu"), plan.Cost("dynamodb.due_shards"), "shard",
            "DUE_SHARDS, to 256", "while the broker is out of reach");
        plan.Limit(
            "SweepRelay: what it catches up with", SweepRate(plan, broker), 1, "sweep",
            "a schedule for each sweep, and ReservedConcurrentExecutions; PUBLISH_CONCURRENCY", "after an outage");

        plan.ChargeMillions("DynamoDB: writes, outbox", write, plan.Cost("dynamodb.dollars_per_million_wru"));
        plan.ChargeMillions("DynamoDB: writes, inbox", inbox, plan.Cost("dynamodb.dollars_per_million_wru"));
        plan.ChargeStored("DynamoDB: storage", plan.KeptBytes(Name), plan.Cost("dynamodb.dollars_per_gb_month"));
    }

    public FlowOptions FlowOf(PlanBuilder parts, Plan plan, int sweeps)
    {
        const double SweepEvery = 60;
        var streamed = plan.Count(Relays) * PerReader(parts, plan.Broker);
        return new FlowOptions
        {
            WritesPerSecond = plan.Count(Partitions) * parts.Cost("dynamodb.partition_wcu") / WriteUnits(parts),
            RelayedPerSecond = streamed,
            TriedPerSecond = streamed,
            SweptPerSecond = sweeps * SweepRate(parts, plan.Broker),
            SweepTriedPerSecond = sweeps * parts.Cost("relay.batch") / SweepEvery,
            ConsumedPerSecond = StackPlanner.ConsumedPerSecond(parts, plan),
        };
    }

    /// <summary>What a row takes in its life; the app writes it in a transaction, at twice the price of a put.</summary>
    private static double WriteUnits(PlanBuilder plan) => plan.Cost("dynamodb.event_wcu") + plan.Cost("dynamodb.write_wcu");

    /// <summary>Rows a second of one stream relay after the other on a shard: publish a batch, mark its rows.</summary>
    private static double PerReader(PlanBuilder plan, IPlannedBroker broker)
    {
        var batch = plan.Cost("stream.batch");
        return batch / (broker.PublishTime(plan, batch) + CallTime(plan, batch)) * 1000;
    }

    /// <summary>Rows a second of one sweep: read what the index names, claim, publish, mark.</summary>
    private static double SweepRate(PlanBuilder plan, IPlannedBroker broker)
    {
        var batch = plan.Cost("relay.batch");
        return batch / ((3 * CallTime(plan, batch)) + broker.PublishTime(plan, batch)) * 1000;
    }

    // Milliseconds to claim, or to mark, so many rows.
    private static double CallTime(PlanBuilder plan, double rows) =>
        Math.Ceiling(rows / plan.Cost("dynamodb.rows_at_once")) * plan.Cost("dynamodb.call_ms");
}
