namespace NATS.Client.Core;

public sealed class NatsPayloadTooLargeException(string error) : NatsException(error);
