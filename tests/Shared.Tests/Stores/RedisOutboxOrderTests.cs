using Relaybox.Outbox;
using Relaybox.Redis;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>The Redis outbox keeps the order of each key.</summary>
public class RedisOutboxOrderTests(RedisServer server) : OutboxOrderConformance
{
    private protected virtual RedisOptions Options => new();

    private protected override async Task<OutboxHarness> CreateHarnessAsync() => await RedisOutboxHarness.CreateAsync(server, Options);
}

/// <summary>The Redis outbox in several buckets keeps the order of each key.</summary>
public sealed class BucketsRedisOutboxOrderTests(RedisServer server) : RedisOutboxOrderTests(server)
{
    private protected override RedisOptions Options => new() { Buckets = 4 };
}

/// <summary>The Redis outbox that deletes what was sent keeps the order of each key.</summary>
public sealed class DeletingRedisOutboxOrderTests(RedisServer server) : RedisOutboxOrderTests(server)
{
    private protected override RedisOptions Options => new() { AfterSending = AfterSending.Delete };
}

/// <summary>The Redis outbox in several buckets that deletes what was sent keeps the order of each key.</summary>
public sealed class DeletingBucketsRedisOutboxOrderTests(RedisServer server) : RedisOutboxOrderTests(server)
{
    private protected override RedisOptions Options => new() { Buckets = 4, AfterSending = AfterSending.Delete };
}
