using Relaybox.Benchmarks.Harness;
using Relaybox.Local.Stores.MongoDb;
using Relaybox.Outbox;
using Relaybox.Outbox.Relay;

namespace Relaybox.Benchmarks.Stores.MongoDb;

/// <summary>MongoDB: the server that <c>MONGODB_URI</c> names, or <c>mongod</c>, or the development double.</summary>
internal sealed class MongoBenchStore : IBenchStore
{
    public string Name => "mongodb";

    public StoreTargets Targets { get; } = new()
    {
        Relay =
        [
            new RelayWay("lease, keep", AfterSending.Keep, RelayMode.Lease),
            new RelayWay("lease, delete", AfterSending.Delete, RelayMode.Lease),
        ],

        // Nine tenths of the bare loop's speed.
        Latency = Target.AtMost(1 / 0.9),
        RelayBatch = new Dictionary<string, Target> { [CommandMeter.Commands] = Target.Exactly(3) },
        InboxBatch = new Dictionary<string, Target> { [CommandMeter.Commands] = Target.Exactly(2) },
    };

    public async Task<IBenchServer> StartAsync(CancellationToken cancellationToken) =>
        new MongoBenchServer(await MongoServer.FindOrStartAsync(cancellationToken));
}
