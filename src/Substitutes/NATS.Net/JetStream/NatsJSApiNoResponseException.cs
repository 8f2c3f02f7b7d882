namespace NATS.Client.JetStream;

public class NatsJSApiNoResponseException() : NatsJSException("No API response received from the server");
