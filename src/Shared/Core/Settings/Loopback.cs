using System.Net;

namespace Relaybox.Settings;

/// <summary>Whether a host is this machine: what is sent there needs no TLS.</summary>
internal static class Loopback
{
    /// <param name="host">A host's name, or an address with or without brackets.</param>
    internal static bool Is(string host) =>
        string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
