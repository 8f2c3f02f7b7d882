namespace NATS.Client.Core;

public sealed class NatsNoRespondersException() : NatsException("No responders");
