using System.Net;
using System.Net.Sockets;

namespace Relaybox.Functions.Tests.Support;

/// <summary>Takes connections and says nothing, as a server does that hangs.</summary>
internal sealed class SilentServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    internal SilentServer() => _listener.Start();

    internal int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public void Dispose() => _listener.Dispose();
}
