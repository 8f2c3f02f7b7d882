namespace NATS.Client.JetStream;

public class NatsJSPublishNoResponseException() : NatsJSException("No response received from the server");
