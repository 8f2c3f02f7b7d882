namespace Relaybox.Benchmarks.Stores;

/// <summary>A store that the groups <c>relay</c>, <c>latency</c>, <c>history</c> and <c>inbox</c> measure.</summary>
internal interface IBenchStore
{
    /// <summary>What <c>--store</c> calls it.</summary>
    string Name { get; }

    /// <summary>What the relay and the inbox should reach on it.</summary>
    StoreTargets Targets { get; }

    /// <summary>Starts a server that nobody else uses.</summary>
    Task<IBenchServer> StartAsync(CancellationToken cancellationToken);
}
