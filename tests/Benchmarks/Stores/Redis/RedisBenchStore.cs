using Relaybox.Benchmarks.Harness;
using Relaybox.Outbox;
using Relaybox.Outbox.Relay;

namespace Relaybox.Benchmarks.Stores.Redis;

/// <summary>Redis.</summary>
internal sealed class RedisBenchStore : IBenchStore
{
    public string Name => "redis";

    public StoreTargets Targets { get; } = new()
    {
        Relay =
        [
            new RelayWay("lease, keep", AfterSending.Keep, RelayMode.Lease),
            new RelayWay("lease, delete", AfterSending.Delete, RelayMode.Lease),
        ],

        // Nine tenths of the bare loop's speed.
        Latency = Target.AtMost(1 / 0.9),
        RelayBatch = new Dictionary<string, Target> { [CommandStatistics.Scripts] = Target.Exactly(3) },
        InboxBatch = new Dictionary<string, Target> { [CommandStatistics.Scripts] = Target.Exactly(2) },
    };

    public async Task<IBenchServer> StartAsync(CancellationToken cancellationToken) => await RedisBenchServer.StartAsync();
}
