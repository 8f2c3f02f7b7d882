namespace NATS.Client.JetStream.Models;

public record StreamInfoRequest;
