using Relaybox.Planner.Brokers;
using Relaybox.Planner.Flow;
using Relaybox.Planner.Planning;

namespace Relaybox.Planner.Stores;

/// <summary>Outbox and inbox in an SQL database on RDS, relayed by sweeps that wait for new rows.</summary>
/// <param name="name">The value of the template's parameter <c>Store</c>. The store's costs begin with it.</param>
/// <param name="title">What people call the store.</param>
internal abstract class PlannedSql(string name, string title) : IPlannedStore
{
    internal const string Databases = "databases";
    internal const string Processors = "vCPUs of each database";

    internal const double SmallestInstance = 2;

    public string Name => name;

    public string Title => title;

    public bool SweepsApart => false;

    /// <summary>How long a sweep waits for new rows until it looks for those that are due again, in seconds.</summary>
    protected abstract double AskAgain { get; }

    /// <summary>The database's log, the cost that says how many bytes a second it bears, and what makes it carry more.</summary>
    protected abstract (string Name, string Rate, string Change) Log { get; }

    /// <summary>The cost that says how many connections a vCPU bears, and what changes that.</summary>
    protected abstract (string PerProcessor, string Change) Connections { get; }

    public double InboxTime(PlanBuilder plan, double batch, double turns) => batch / 10 * plan.Cost($"{name}.inbox_ms_per_10");

    public void Add(PlanBuilder plan, IPlannedBroker broker)
    {
        var perConsumer = StackPlanner.PerConsumer(plan, this, broker);
        var perProcessor = 1e6 / (plan.Cost($"{name}.write_us") + plan.Cost($"{name}.relay_us") + plan.Cost($"{name}.inbox_us"));
        var perLog = plan.Cost(Log.Rate) / LogBytes(plan);
        var largest = plan.Cost("rds.largest_vcpus");
        var databases = plan.Need(Databases, plan.Units(Math.Min(perProcessor * largest, perLog)));
        var processors = plan.Need(Processors, SizeOf(plan.Units(perProcessor * databases), largest));

        var perRelay = PerRelay(plan, broker);
        var relays = plan.Need(StackPlanner.Relays, Math.Max(databases, plan.Units(perRelay)));
        var connections = plan.Need(
            StackPlanner.Connections, (relays * plan.Cost($"{name}.connections_per_relay")) + plan.Needed(StackPlanner.Consumers));
        plan.Function("SweepRelay", perRelay, 1000);

        plan.Limit(
            $"{title}: processor time (commits, claims, marks)", perProcessor, SmallestInstance, "vCPU",
            $"a larger instance, to {largest:0} vCPUs; then several databases by a hash of the key");
        plan.Limit($"{title}: {Log.Name}", perLog, 1, "database", $"{Log.Change}; then several databases");
        plan.Limit(
            "SweepRelay: one relay", perRelay, 1, "relay",
            "relays share a table (SKIP LOCKED), each with a schedule; PUBLISH_CONCURRENCY; then several tables");
        var perProcessorConnections = plan.Cost(Connections.PerProcessor);
        plan.Limit(
            $"{title}: connections",
            1 / ((plan.Cost($"{name}.connections_per_relay") / perRelay) + (1 / perConsumer)),
            perProcessorConnections * SmallestInstance,
            "connection",
            Connections.Change);

        plan.ChargeHours("RDS: instances, two zones", databases * processors * 2, plan.Cost("rds.dollars_per_vcpu_hour"));
        if (connections / databases > perProcessorConnections * processors * plan.Cost("headroom"))
        {
            plan.ChargeHours("RDS Proxy", databases * processors, plan.Cost("rds.proxy_dollars_per_vcpu_hour"));
        }

        plan.ChargeStored("RDS: storage, two zones", 2 * plan.KeptBytes(name), plan.Cost("rds.dollars_per_gb_month"));
    }

    public FlowOptions FlowOf(PlanBuilder parts, Plan plan, int sweeps) =>
        StackPlanner.FlowOfSweeps(parts, plan, PerRelay(parts, plan.Broker), AskAgain);

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

    /// <summary>The bytes that an event writes to the database's log in its life.</summary>
    protected abstract double LogBytes(PlanBuilder plan);

    /// <summary>Rows a second of one relay: it claims and records while it publishes, so that the slower of the two counts.</summary>
    private double PerRelay(PlanBuilder plan, IPlannedBroker broker)
    {
        var batch = plan.Cost("relay.batch");
        return Math.Min(plan.Cost($"{name}.relay_per_second"), batch / broker.PublishTime(plan, batch) * 1000);
    }
}
