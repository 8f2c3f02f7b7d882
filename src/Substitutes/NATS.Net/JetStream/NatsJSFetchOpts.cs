namespace NATS.Client.JetStream;

public record NatsJSFetchOpts
{
    public int? MaxMsgs { get; init; }

    public TimeSpan? Expires { get; init; }

    public int? MaxBytes { get; init; }

    public TimeSpan? IdleHeartbeat { get; init; }
}
