using Relaybox.Outbox;
using Relaybox.Redis;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>The Redis outbox does what every outbox does.</summary>
public class RedisOutboxRepositoryTests(RedisServer server) : OutboxRepositoryConformance
{
    private protected virtual RedisOptions Options => new();

    private protected override async Task<OutboxHarness> CreateHarnessAsync() => await RedisOutboxHarness.CreateAsync(server, Options);
}

/// <summary>The Redis outbox in several buckets does what every outbox does.</summary>
public sealed class BucketsRedisOutboxRepositoryTests(RedisServer server) : RedisOutboxRepositoryTests(server)
{
    private protected override RedisOptions Options => new() { Buckets = 4 };
}

/// <summary>The Redis outbox that deletes what was sent does what every outbox does.</summary>
public sealed class DeletingRedisOutboxRepositoryTests(RedisServer server) : RedisOutboxRepositoryTests(server)
{
    private protected override RedisOptions Options => new() { AfterSending = AfterSending.Delete };
}

/// <summary>The Redis outbox in several buckets that deletes what was sent does what every outbox does.</summary>
public sealed class DeletingBucketsRedisOutboxRepositoryTests(RedisServer server) : RedisOutboxRepositoryTests(server)
{
    private protected override RedisOptions Options => new() { Buckets = 4, AfterSending = AfterSending.Delete };
}
