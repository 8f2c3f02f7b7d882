using Relaybox.Planner.Brokers;
using Relaybox.Planner.Flow;
using Relaybox.Planner.Planning;

namespace Relaybox.Planner.Stores;

/// <summary>Outbox and inbox in Redis or Valkey on ElastiCache, relayed by sweeps that listen. Its times are assumed.</summary>
internal sealed class PlannedRedis : IPlannedStore
{
    internal const string Shards = "shards (a primary and a replica each)";

    private const double SecondsOfDay = 86_400;

    public string Name => "redis";

    public string Title => "Redis";

    public bool SweepsApart => false;

    public double InboxTime(PlanBuilder plan, double batch, double turns) => 2 * plan.Cost("redis.call_ms");

    public void Add(PlanBuilder plan, IPlannedBroker broker)
    {
        // One thread of a primary executes all scripts.
        var perThread = 1e6 / (plan.Cost("redis.write_us") + plan.Cost("redis.relay_us") + plan.Cost("redis.inbox_us"));
        var room = plan.Cost("redis.bytes_per_shard");
        var perMemory = room / (Kept(plan) * SecondsOfDay);
        var shards = plan.Need(Shards, Math.Max(plan.Units(perThread), Math.Ceiling(plan.Rate / perMemory)));

        var perRelay = PerRelay(plan, broker);
        plan.Need(StackPlanner.Relays, plan.Units(perRelay));
        plan.Function("SweepRelay", perRelay, 1000);

        plan.Limit(
            "Redis: the thread of a primary (scripts)", perThread, 1, "shard",
            "a cluster with more shards, and RedisBuckets; then several stacks by a hash of the key");
        plan.Limit(
            "Redis: memory", perMemory, 1, "shard",
            "a shorter ProcessedRetentionHours, as far as the queue's retention allows; larger nodes; more shards");
        plan.Limit(
            "SweepRelay: one relay", perRelay, 1, "relay", "relays share the buckets, each with a schedule; PUBLISH_CONCURRENCY");

        plan.ChargeHours("ElastiCache: nodes", 2 * shards, plan.Cost("redis.dollars_per_node_hour"));
    }

    public FlowOptions FlowOf(PlanBuilder parts, Plan plan, int sweeps) =>
        StackPlanner.FlowOfSweeps(parts, plan, PerRelay(parts, plan.Broker), askAgain: 1);

    /// <summary>Bytes times days that an event stays in memory: its inbox record alone, with AfterSending=delete.</summary>
    private static double Kept(PlanBuilder plan) => plan.Cost("redis.record_bytes") * plan.Cost("processed_days");

    /// <summary>Rows a second of one relay: it claims and records while it publishes, so that the slower of the two counts.</summary>
    private static double PerRelay(PlanBuilder plan, IPlannedBroker broker)
    {
        var batch = plan.Cost("relay.batch");
        var database = (3 * plan.Cost("redis.call_ms")) + (batch * plan.Cost("redis.relay_us") / 1000);
        return batch / Math.Max(database, broker.PublishTime(plan, batch)) * 1000;
    }
}
