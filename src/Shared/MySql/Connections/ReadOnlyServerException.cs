namespace Relaybox.MySql;

/// <summary>A server of several takes no writes: it is not the one to connect to.</summary>
internal sealed class ReadOnlyServerException() : Exception("The server is read-only.");
