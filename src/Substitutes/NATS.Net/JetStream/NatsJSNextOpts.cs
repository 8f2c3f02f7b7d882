namespace NATS.Client.JetStream;

public record NatsJSNextOpts
{
    public TimeSpan? Expires { get; init; }

    public TimeSpan? IdleHeartbeat { get; init; }
}
