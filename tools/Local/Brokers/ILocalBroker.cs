namespace Relaybox.Local.Brokers;

/// <summary>A broker that stacks can have on this machine.</summary>
internal interface ILocalBroker
{
    /// <summary>The value of the template's parameter <c>Broker</c>.</summary>
    string Name { get; }

    /// <summary>What listens on each port that the broker wants, as people call it.</summary>
    IReadOnlyList<string> Ports { get; }

    /// <summary>Makes the broker of one run; nothing is started yet.</summary>
    /// <param name="ports">A port for each of <see cref="Ports"/>, on loopback.</param>
    BrokerRun Create(IReadOnlyList<int> ports);
}
