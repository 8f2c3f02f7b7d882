using Relaybox.MongoDb;
using Relaybox.Outbox;
using Relaybox.Redis;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Operators of a DynamoDB outbox; DynamoDB Local stands for the service.</summary>
public sealed class DynamoDbOutboxOperationsTests(DynamoDbLocal dynamoDb) : OutboxOperationsConformance
{
    private protected override async Task<OutboxHarness> CreateHarnessAsync() => await DynamoDbOutboxHarness.CreateAsync(dynamoDb);
}

/// <summary>Operators of a PostgreSQL outbox.</summary>
public sealed class PostgresOutboxOperationsTests(PostgresServer server) : OutboxOperationsConformance
{
    private protected override async Task<OutboxHarness> CreateHarnessAsync() => await PostgresOutboxHarness.CreateAsync(server);
}

/// <summary>Operators of a MongoDB outbox.</summary>
public sealed class MongoOutboxOperationsTests(MongoDbServer server) : OutboxOperationsConformance
{
    private protected override async Task<OutboxHarness> CreateHarnessAsync() => await MongoOutboxHarness.CreateAsync(server);
}

/// <summary>Operators of a MySQL outbox.</summary>
public sealed class MySqlOutboxOperationsTests(MySqlServer server) : OutboxOperationsConformance
{
    private protected override async Task<OutboxHarness> CreateHarnessAsync() => await MySqlOutboxHarness.CreateAsync(server);
}

/// <summary>Operators of a Redis outbox in several buckets.</summary>
public sealed class RedisOutboxOperationsTests(RedisServer server) : OutboxOperationsConformance
{
    private protected override async Task<OutboxHarness> CreateHarnessAsync() =>
        await RedisOutboxHarness.CreateAsync(server, new RedisOptions { Buckets = 3 });
}
