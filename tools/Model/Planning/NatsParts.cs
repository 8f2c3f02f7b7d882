namespace Relaybox.Model.Planning;

/// <summary>JetStream on servers of one's own: three for each stream.</summary>
internal static class NatsParts
{
    internal const string Streams = "streams, of three servers each";

    private const double Replicas = 3;

    public static void Add(PlanBuilder plan)
    {
        var perStream = plan.Cost("nats.stream_per_second");
        var streams = plan.Need(Streams, plan.Units(perStream));
        plan.Limit("JetStream: one stream of three replicas", perStream, 1, "stream", "several streams, each with a part of the subjects");
        plan.Limit("JetStream: one connection", plan.Cost("nats.client_per_second"), 1, "relay", "more relays, each with its connection");
        plan.ChargeHours("EC2: servers of NATS", streams * Replicas, plan.Cost("nats.dollars_per_server_hour"));
        plan.ChargeStored("EBS: streams", Replicas * plan.Cost("message_bytes") * plan.Cost("nats.kept_days"), plan.Cost("nats.dollars_per_gb_month"));
    }
}
