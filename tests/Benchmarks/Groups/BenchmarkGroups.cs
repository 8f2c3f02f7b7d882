using Relaybox.Benchmarks.Harness;
using Relaybox.Benchmarks.Stores;

namespace Relaybox.Benchmarks.Groups;

/// <summary>All groups, in the order of the documents.</summary>
internal static class BenchmarkGroups
{
    public const string Peers = "peers";

    public static IReadOnlyList<IBenchmarkGroup> All { get; } =
    [
        .. BenchStores.All.Select(store => new RelayGroup(store)),
        .. BenchStores.All.Select(store => new LatencyGroup(store)),
        .. BenchStores.All.Select(store => new IdleLatencyGroup(store)),
        new WritersGroup(),
        new PollsGroup(),
        .. BenchStores.All.Select(store => new HistoryGroup(store)),
        .. BenchStores.All.Select(store => new WaitingGroup(store)),
        new ParkedGroup(),
        new CleanupGroup(),
        new MemoryGroup(),
        new PayloadsGroup(),
        new FunctionMemoryGroup(),
        new PeersGroup(),
        new NatsGroup(),
        .. BenchStores.All.Select(store => new InboxGroup(store)),
        new ConsumerGroup(),
        new SqsGroup(),
        new SizesGroup(),
        new DynamoDbGroup(),
        new RuntimeGroup(),
        new StartupGroup(),
        new StreamGroup(),
        new AllocationGroup(),
        new ConsumerMemoryGroup(),
        new PathGroup(),
    ];
}
