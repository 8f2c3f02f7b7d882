using Relaybox.Planner.Planning;

namespace Relaybox.Planner.Brokers;

/// <summary>JetStream on servers of one's own: three for each stream.</summary>
internal sealed class PlannedNats : IPlannedBroker
{
    internal const string Streams = "streams, of three servers each";

    private const double Replicas = 3;

    public string Name => "nats";

    public string Title => "NATS";

    public PlannedConsumer Consumer { get; } = new(
        "PullConsume", "pull.batch", "invocations at once", "pull.concurrency",
        "a schedule more, and ReservedConcurrentExecutions; then several stacks, each with a part of the subjects");

    public double PublishTime(PlanBuilder plan, double events) =>
        plan.Cost("nats.ack_ms") + (events / plan.Cost("nats.client_per_second") * 1000);

    public void Add(PlanBuilder plan, double perConsumer)
    {
        var perStream = plan.Cost("nats.stream_per_second");
        var streams = plan.Need(Streams, plan.Units(perStream));
        plan.Limit("JetStream: one stream of three replicas", perStream, 1, "stream", "several streams, each with a part of the subjects");
        plan.Limit("JetStream: one connection", plan.Cost("nats.client_per_second"), 1, "relay", "more relays, each with its connection");
        plan.ChargeHours("EC2: servers of NATS", streams * Replicas, plan.Cost("nats.dollars_per_server_hour"));
        plan.ChargeStored(
            "EBS: streams", Replicas * plan.Cost("message_bytes") * plan.Cost("nats.kept_days"), plan.Cost("nats.dollars_per_gb_month"));
    }
}
