using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>The Redis inbox does what every inbox does.</summary>
public class RedisInboxRepositoryTests(RedisServer server) : InboxRepositoryConformance
{
    private protected override async Task<InboxHarness> CreateHarnessAsync() => await RedisInboxHarness.CreateAsync(server);
}

/// <summary>The Redis inbox does so in several buckets.</summary>
public sealed class BucketedRedisInboxRepositoryTests(RedisServer server) : InboxRepositoryConformance
{
    private protected override async Task<InboxHarness> CreateHarnessAsync() => await RedisInboxHarness.CreateAsync(server, buckets: 4);
}

/// <summary>The Redis inbox on a real cluster, whose buckets are on several servers, does what every inbox does.</summary>
public sealed class RedisInboxRepositoryOnClusterTests(RedisClusterServers servers) : InboxRepositoryConformance, IClassFixture<RedisClusterServers>
{
    // "e-1" and "taken" are in one bucket of four: an event's id is its own within a bucket.
    private protected override async Task<InboxHarness> CreateHarnessAsync() => await RedisInboxHarness.CreateAsync(servers.Multiplexer, buckets: 4);
}
