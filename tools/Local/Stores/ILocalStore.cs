namespace Relaybox.Local.Stores;

/// <summary>A store that stacks can have on this machine.</summary>
internal interface ILocalStore
{
    /// <summary>The value of the template's parameter <c>Store</c>.</summary>
    string Name { get; }

    /// <summary>What listens on each port that the store wants, as people call it.</summary>
    IReadOnlyList<string> Ports { get; }

    /// <summary>Makes the store of one run; nothing is started yet.</summary>
    /// <param name="ports">A port for each of <see cref="Ports"/>, on loopback.</param>
    StoreRun Create(IReadOnlyList<int> ports);
}
