using Relaybox.Redis;
using Relaybox.Shared.Tests.Conformance;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>The Redis outbox on a real cluster, whose buckets are on several servers, does what every outbox does.</summary>
public sealed class RedisOutboxOnClusterTests(RedisClusterServers servers) : OutboxRepositoryConformance, IClassFixture<RedisClusterServers>
{
    private protected override async Task<OutboxHarness> CreateHarnessAsync() =>
        await RedisOutboxHarness.CreateAsync(servers.Multiplexer, new RedisOptions { Buckets = 8 });
}

/// <summary>The Redis outbox on a real cluster keeps the order of each key.</summary>
public sealed class RedisOutboxOrderOnClusterTests(RedisClusterServers servers) : OutboxOrderConformance, IClassFixture<RedisClusterServers>
{
    private protected override async Task<OutboxHarness> CreateHarnessAsync() =>
        await RedisOutboxHarness.CreateAsync(servers.Multiplexer, new RedisOptions { Buckets = 8 });
}
