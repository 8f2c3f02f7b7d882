using System.Net;
using System.Net.Sockets;

namespace Relaybox.Local.Servers;

/// <summary>Ports on loopback.</summary>
public static class NetworkPorts
{
    /// <summary>Ports that nobody listened on a moment ago, all different.</summary>
    public static int[] Free(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToArray();
        try
        {
            return [.. listeners.Select(listener =>
            {
                listener.Start();
                return ((IPEndPoint)listener.LocalEndpoint).Port;
            })];
        }
        finally
        {
            foreach (var listener in listeners)
            {
                listener.Dispose();
            }
        }
    }

    /// <exception cref="RunnerException">Somebody listens on the port.</exception>
    public static void RequireFree(int port, string purpose)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
        }
        catch (SocketException)
        {
            throw new RunnerException(
                $"Port {port} ({purpose}) is taken. Stop what listens there (`./run down` if "
                + "it is an earlier run), or choose other ports: --port-base 0 picks free ones.");
        }
    }
}
