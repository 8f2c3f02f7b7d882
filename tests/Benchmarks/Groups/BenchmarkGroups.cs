using Relaybox.Benchmarks.Harness;

namespace Relaybox.Benchmarks.Groups;

/// <summary>All groups, in the order of the documents.</summary>
internal static class BenchmarkGroups
{
    public const string Peers = "peers";

    public static IReadOnlyList<IBenchmarkGroup> All { get; } =
    [
        new RelayGroup(),
        new LatencyGroup(),
        new PollsGroup(),
        new HistoryGroup(),
        new CleanupGroup(),
        new MemoryGroup(),
        new PayloadsGroup(),
        new PeersGroup(),
        new NatsGroup(),
        new InboxGroup(),
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
