using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Stores;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Seeds;

/// <summary>The seed's test suite on DynamoDB.</summary>
public sealed class DynamoDbSeedOutboxSuiteTests(DynamoDbLocal dynamoDb) : SeedOutboxSuite
{
    private protected override async Task<OutboxHarness> CreateHarnessAsync() => await DynamoDbOutboxHarness.CreateAsync(dynamoDb);
}

/// <summary>The seed's test suite on PostgreSQL.</summary>
public sealed class PostgresSeedOutboxSuiteTests(PostgresServer server) : SeedOutboxSuite
{
    private protected override async Task<OutboxHarness> CreateHarnessAsync() => await PostgresOutboxHarness.CreateAsync(server);
}

/// <summary>The seed's test suite on MongoDB.</summary>
public sealed class MongoSeedOutboxSuiteTests(MongoDbServer server) : SeedOutboxSuite
{
    private protected override async Task<OutboxHarness> CreateHarnessAsync() => await MongoOutboxHarness.CreateAsync(server);
}

/// <summary>The seed's test suite on MySQL.</summary>
public sealed class MySqlSeedOutboxSuiteTests(MySqlServer server) : SeedOutboxSuite
{
    private protected override async Task<OutboxHarness> CreateHarnessAsync() => await MySqlOutboxHarness.CreateAsync(server);
}

/// <summary>The seed's test suite on Redis.</summary>
public sealed class RedisSeedOutboxSuiteTests(RedisServer server) : SeedOutboxSuite
{
    private protected override async Task<OutboxHarness> CreateHarnessAsync() => await RedisOutboxHarness.CreateAsync(server);
}
