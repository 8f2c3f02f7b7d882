namespace NATS.Client.Core;

public sealed class NatsNoReplyException() : NatsException("No reply received");
