using NATS.Client.Core;

namespace NATS.Client.JetStream;

public record NatsJSPubOpts : NatsPubOpts
{
    public static readonly NatsJSPubOpts Default = new();

    public string? MsgId { get; init; }

    public string? ExpectedStream { get; init; }

    public TimeSpan RetryWaitBetweenAttempts { get; init; } = TimeSpan.FromMilliseconds(250);

    public int RetryAttempts { get; init; } = 2;
}
