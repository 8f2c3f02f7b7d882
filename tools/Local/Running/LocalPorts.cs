using Relaybox.Local.Brokers;
using Relaybox.Local.Servers;
using Relaybox.Local.Stores;

namespace Relaybox.Local.Running;

/// <summary>Where everything of a run listens, on loopback.</summary>
/// <param name="Store">The store's servers.</param>
/// <param name="Sqs">The queues.</param>
/// <param name="Runtime">Lambda's Runtime API.</param>
/// <param name="Broker">The broker's servers.</param>
internal sealed record LocalPorts(IReadOnlyList<int> Store, int Sqs, int Runtime, IReadOnlyList<int> Broker)
{
    /// <summary>Chooses the ports of a run.</summary>
    /// <param name="portBase">The first of several in a row; 0: free ones.</param>
    /// <exception cref="RunnerException">Somebody listens on one of them.</exception>
    public static LocalPorts Choose(int portBase, ILocalStore store, ILocalBroker broker)
    {
        string[] purposes = [.. store.Ports, "SQS", "Runtime API", .. broker.Ports];
        int[] ports = portBase == 0 ? NetworkPorts.Free(purposes.Length) : [.. Enumerable.Range(portBase, purposes.Length)];
        foreach (var (port, purpose) in ports.Zip(purposes))
        {
            NetworkPorts.RequireFree(port, purpose);
        }

        var next = store.Ports.Count;
        return new LocalPorts(ports[..next], ports[next], ports[next + 1], ports[(next + 2)..]);
    }
}
