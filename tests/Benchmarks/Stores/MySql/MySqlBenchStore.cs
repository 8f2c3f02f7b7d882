using Relaybox.Benchmarks.Harness;
using Relaybox.Outbox;
using Relaybox.Outbox.Relay;

namespace Relaybox.Benchmarks.Stores.MySql;

/// <summary>MySQL, measured on MariaDB.</summary>
internal sealed class MySqlBenchStore : IBenchStore
{
    // Two for each batch of 500 rows.
    private static readonly Dictionary<string, (Target, string)> FourCommits = new() { [MySqlBenchServer.Commits] = (Target.AtMost(4), "") };

    public string Name => "mysql";

    public StoreTargets Targets { get; } = new()
    {
        Relay =
        [
            new RelayWay("lease, keep", AfterSending.Keep, RelayMode.Lease) { Costs = FourCommits },
            new RelayWay("lease, delete", AfterSending.Delete, RelayMode.Lease) { Costs = FourCommits },
            new RelayWay("locked, keep", AfterSending.Keep, RelayMode.Locked),
            new RelayWay("locked, delete", AfterSending.Delete, RelayMode.Locked),
        ],

        // Nine tenths of the bare loop's speed.
        Latency = Target.AtMost(1 / 0.9),
        RelayBatch = new Dictionary<string, Target> { [MySqlBenchServer.Commits] = Target.Exactly(2) },
        InboxBatch = new Dictionary<string, Target> { [MySqlBenchServer.Commits] = Target.Exactly(2) },
    };

    public async Task<IBenchServer> StartAsync(CancellationToken cancellationToken) => await MySqlBenchServer.StartAsync(cancellationToken);
}
