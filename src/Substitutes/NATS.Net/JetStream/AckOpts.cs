namespace NATS.Client.JetStream;

public readonly record struct AckOpts
{
    public bool? DoubleAck { get; init; }
}
