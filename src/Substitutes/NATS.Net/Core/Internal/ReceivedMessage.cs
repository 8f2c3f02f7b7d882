namespace NATS.Client.Core.Internal;

/// <summary>A message that has left the read buffer.</summary>
internal sealed record ReceivedMessage(string Subject, string? ReplyTo, NatsHeaders? Headers, byte[] Payload);
