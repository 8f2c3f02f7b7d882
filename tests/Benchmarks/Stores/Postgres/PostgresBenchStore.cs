using Relaybox.Benchmarks.Harness;
using Relaybox.Outbox;
using Relaybox.Outbox.Relay;

namespace Relaybox.Benchmarks.Stores.Postgres;

/// <summary>PostgreSQL, whose targets are the rows of the table of targets.</summary>
internal sealed class PostgresBenchStore : IBenchStore
{
    public string Name => "postgres";

    public StoreTargets Targets { get; } = new()
    {
        Relay =
        [
            Way("lease, keep", AfterSending.Keep, RelayMode.Lease, ofNaiveLoop: 16, mostWal: 4096),
            Way("lease, delete", AfterSending.Delete, RelayMode.Lease, ofNaiveLoop: 24, mostWal: 2765),
            Way("locked, keep", AfterSending.Keep, RelayMode.Locked, ofNaiveLoop: 37, mostWal: 4096),
            Way("locked, delete", AfterSending.Delete, RelayMode.Locked, ofNaiveLoop: 60, mostWal: 2765),
        ],
        Latency = Target.AtMost(1.3),
        ClaimTen = Target.AtLeast(6),
        ClaimHundred = Target.AtLeast(11),
        Invocations = Target.AtLeast(4),
        HasRows = true,
    };

    public async Task<IBenchServer> StartAsync(CancellationToken cancellationToken) =>
        new PostgresBenchServer(await BenchDatabase.StartAsync(cancellationToken));

    private static RelayWay Way(string name, AfterSending afterSending, RelayMode mode, double ofNaiveLoop, double mostWal) =>
        new(name, afterSending, mode)
        {
            OfNaiveLoop = Target.AtLeast(ofNaiveLoop),
            Costs = new Dictionary<string, (Target, string)>
            {
                [PostgresBenchServer.Commits] = (Target.AtMost(4), "6"),
                [PostgresBenchServer.Wal] = (Target.AtMost(mostWal), "7"),
            },
        };
}
