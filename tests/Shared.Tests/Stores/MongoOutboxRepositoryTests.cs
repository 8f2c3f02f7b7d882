using Relaybox.MongoDb;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>The MongoDB outbox does what every outbox does.</summary>
public class MongoOutboxRepositoryTests(MongoDbServer server) : OutboxRepositoryConformance
{
    private protected override async Task<OutboxHarness> CreateHarnessAsync() => await MongoOutboxHarness.CreateAsync(server);
}

/// <summary>The MongoDB outbox that deletes what was sent does what every outbox does.</summary>
public sealed class DeletingMongoOutboxRepositoryTests(MongoDbServer server) : OutboxRepositoryConformance
{
    private protected override async Task<OutboxHarness> CreateHarnessAsync() =>
        await MongoOutboxHarness.CreateAsync(server, new MongoOptions { AfterSending = AfterSending.Delete });
}

/// <summary>The MongoDB outbox keeps the order of each key.</summary>
public sealed class MongoOutboxOrderTests(MongoDbServer server) : OutboxOrderConformance
{
    private protected override async Task<OutboxHarness> CreateHarnessAsync() => await MongoOutboxHarness.CreateAsync(server);
}

/// <summary>The MongoDB outbox that deletes what was sent keeps the order of each key.</summary>
public sealed class DeletingMongoOutboxOrderTests(MongoDbServer server) : OutboxOrderConformance
{
    private protected override async Task<OutboxHarness> CreateHarnessAsync() =>
        await MongoOutboxHarness.CreateAsync(server, new MongoOptions { AfterSending = AfterSending.Delete });
}
