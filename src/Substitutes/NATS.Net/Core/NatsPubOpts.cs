namespace NATS.Client.Core;

public record NatsPubOpts;
