using Relaybox.Planner.Brokers;
using Relaybox.Planner.Flow;
using Relaybox.Planner.Planning;

namespace Relaybox.Planner.Stores;

/// <summary>Outbox and inbox in MongoDB on Atlas, relayed by sweeps that listen. Its times are assumed; round trips are counted.</summary>
internal sealed class PlannedMongoDb : IPlannedStore
{
    internal const string Clusters = "clusters of three members";
    internal const string Processors = "vCPUs of each member";

    public string Name => "mongodb";

    public string Title => "MongoDB";

    public bool SweepsApart => false;

    public double InboxTime(PlanBuilder plan, double batch, double turns) => plan.Cost("mongodb.inbox_calls") * plan.Cost("mongodb.inbox_call_ms");

    public void Add(PlanBuilder plan, IPlannedBroker broker)
    {
        var perConsumer = StackPlanner.PerConsumer(plan, this, broker);
        var perProcessor = 1e6 / (plan.Cost("mongodb.write_us") + plan.Cost("mongodb.relay_us") + plan.Cost("mongodb.inbox_us"));
        var perLog = plan.Cost("mongodb.log_bytes_per_second") / plan.Cost("mongodb.log_bytes");
        var largest = plan.Cost("atlas.largest_vcpus");
        var clusters = plan.Need(Clusters, plan.Units(Math.Min(perProcessor * largest, perLog)));
        var processors = plan.Need(Processors, PlannedSql.SizeOf(plan.Units(perProcessor * clusters), largest));

        var perRelay = PerRelay(plan, broker);
        var relays = plan.Need(StackPlanner.Relays, Math.Max(clusters, plan.Units(perRelay)));
        var (ofRelay, ofConsumer) = (plan.Cost("mongodb.connections_per_relay"), plan.Cost("mongodb.connections_per_consumer"));
        plan.Need(StackPlanner.Connections, (relays * ofRelay) + (plan.Needed(StackPlanner.Consumers) * ofConsumer));
        plan.Function("SweepRelay", perRelay, 1000);

        plan.Limit(
            "MongoDB: processor time (transactions, claims, marks)", perProcessor, PlannedSql.SmallestInstance, "vCPU",
            $"a larger tier, to {largest:0} vCPUs; then several clusters by a hash of the key");
        plan.Limit("MongoDB: oplog and journal", perLog, 1, "cluster", "several events in one transaction; then several clusters");
        plan.Limit(
            "SweepRelay: one relay", perRelay, 1, "relay",
            "relays share a collection, each with a schedule; PUBLISH_CONCURRENCY; then several collections");
        plan.Limit(
            "MongoDB: connections",
            1 / ((ofRelay / perRelay) + (ofConsumer / perConsumer)),
            plan.Cost("atlas.connections_per_vcpu") * PlannedSql.SmallestInstance,
            "connection",
            "a larger tier; larger batches");

        plan.ChargeHours("Atlas: clusters", clusters * processors, plan.Cost("atlas.dollars_per_vcpu_hour"));
        plan.ChargeStored("Atlas: storage, three members", 3 * plan.KeptBytes(Name), plan.Cost("atlas.dollars_per_gb_month"));
    }

    public FlowOptions FlowOf(PlanBuilder parts, Plan plan, int sweeps) =>
        StackPlanner.FlowOfSweeps(parts, plan, PerRelay(parts, plan.Broker), askAgain: 1);

    /// <summary>Rows a second of one relay: it claims and records while it publishes, so that the slower of the two counts.</summary>
    private static double PerRelay(PlanBuilder plan, IPlannedBroker broker)
    {
        var batch = plan.Cost("relay.batch");
        var database = plan.Cost("mongodb.relay_calls") * plan.Cost("mongodb.relay_call_ms");
        return batch / Math.Max(database, broker.PublishTime(plan, batch)) * 1000;
    }
}
