
using Relaybox.Planner.Brokers;
using Relaybox.Planner.Flow;
using Relaybox.Planner.Planning;

namespace Relaybox.Planner.Stores;

/// <summary>Outbox and inbox in PostgreSQL on RDS, relayed by sweeps that listen.</summary>
internal sealed class PlannedPostgres : IPlannedStore
{
    internal const string Databases = "databases";
    internal const string Processors = "vCPUs of each database";

    internal const double SmallestInstance = 2;

    public string Name => "postgres";

    public string Title => "PostgreSQL";

    public bool SweepsApart => false;

    public double InboxTime(PlanBuilder plan, double batch, double turns) => batch / 10 * plan.Cost("postgres.inbox_ms_per_10");

    public void Add(PlanBuilder plan, IPlannedBroker broker)
    {
        var perConsumer = StackPlanner.PerConsumer(plan, this, broker);
        var perProcessor = 1e6 / (plan.Cost("postgres.write_us") + plan.Cost("postgres.relay_us") + plan.Cost("postgres.inbox_us"));
        var wal = plan.Cost("postgres.insert_wal_bytes") + plan.Cost("postgres.mark_wal_bytes") + plan.Cost("postgres.inbox_wal_bytes");
        var perWal = plan.Cost("postgres.wal_bytes_per_second") / wal;
        var largest = plan.Cost("rds.largest_vcpus");
        var databases = plan.Need(Databases, plan.Units(Math.Min(perProcessor * largest, perWal)));
        var processors = plan.Need(Processors, SizeOf(plan.Units(perProcessor * databases), largest));

        var perRelay = PerRelay(plan, broker);
        var relays = plan.Need(StackPlanner.Relays, Math.Max(databases, plan.Units(perRelay)));
        var connections = plan.Need(
            StackPlanner.Connections, (relays * plan.Cost("postgres.connections_per_relay")) + plan.Needed(StackPlanner.Consumers));
        plan.Function("SweepRelay", perRelay, 1000);

        plan.Limit(
            "PostgreSQL: commits that notify, one after the other",
            plan.Cost("postgres.notifying_commits"),
            1,
            "database",
            "disable the notify trigger: the relay then asks twice a second; several events in one transaction");
        plan.Limit(
            "PostgreSQL: processor time (commits, claims, marks)", perProcessor, SmallestInstance, "vCPU",
            $"a larger instance, to {largest:0} vCPUs; then several databases by a hash of the key");
        plan.Limit("PostgreSQL: write-ahead log", perWal, 1, "database", "AfterSending=delete; then several databases");
        plan.Limit(
            "SweepRelay: one relay", perRelay, 1, "relay",
            "relays share a table (SKIP LOCKED), each with a schedule; PUBLISH_CONCURRENCY; then several tables");
        plan.Limit(
            "PostgreSQL: connections",
            1 / ((plan.Cost("postgres.connections_per_relay") / perRelay) + (1 / perConsumer)),
            plan.Cost("rds.connections_per_vcpu") * SmallestInstance,
            "connection",
            "RDS Proxy for the consumers (not for the relay that listens); a larger instance, to 5,000");

        plan.ChargeHours("RDS: instances, two zones", databases * processors * 2, plan.Cost("rds.dollars_per_vcpu_hour"));
        if (connections / databases > plan.Cost("rds.connections_per_vcpu") * processors * plan.Cost("headroom"))
        {
            plan.ChargeHours("RDS Proxy", databases * processors, plan.Cost("rds.proxy_dollars_per_vcpu_hour"));
        }

        plan.ChargeStored("RDS: storage, two zones", 2 * plan.KeptBytes(Name), plan.Cost("rds.dollars_per_gb_month"));
    }

    public FlowOptions FlowOf(PlanBuilder parts, Plan plan, int sweeps) =>
        StackPlanner.FlowOfSweeps(parts, plan, PerRelay(parts, plan.Broker), askAgain: 0.5);

    /// <summary>The instance that has so many vCPUs: they come in sizes that double.</summary>
    internal static double SizeOf(double processors, double largest)
    {
        var size = SmallestInstance;
        while (size < processors && size < largest)
        {
            size *= 2;
        }

        return size;
    }

    /// <summary>Rows a second of one relay: it claims and records while it publishes, so that the slower of the two counts.</summary>
    private static double PerRelay(PlanBuilder plan, IPlannedBroker broker)
    {
        var batch = plan.Cost("relay.batch");
        return Math.Min(plan.Cost("postgres.relay_per_second"), batch / broker.PublishTime(plan, batch) * 1000);
    }
}
