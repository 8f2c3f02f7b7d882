namespace Relaybox.MongoDouble.Wire;

/// <summary>What came is no message of the protocol; the connection ends.</summary>
internal sealed class WireProtocolException(string message) : Exception(message);
