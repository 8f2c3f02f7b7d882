namespace NATS.Client.Core.Internal;

/// <summary>The other side does not speak the protocol, or breaks one of its bounds. The connection cannot go on.</summary>
internal sealed class ProtocolException(string message) : NatsException(message);
