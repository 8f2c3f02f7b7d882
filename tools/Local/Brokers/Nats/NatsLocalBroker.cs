namespace Relaybox.Local.Brokers.Nats;

/// <summary>NATS JetStream: a real server with its streams in a temporary folder.</summary>
internal sealed class NatsLocalBroker : ILocalBroker
{
    public string Name => "nats";

    public IReadOnlyList<string> Ports => ["NATS"];

    public BrokerRun Create(IReadOnlyList<int> ports) => new NatsRun(ports[0]);
}
