using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Operators of a DynamoDB inbox; DynamoDB Local stands for the service.</summary>
public sealed class DynamoDbInboxOperationsTests(DynamoDbLocal dynamoDb) : InboxOperationsConformance
{
    private protected override async Task<InboxHarness> CreateHarnessAsync() => await DynamoDbInboxHarness.CreateAsync(dynamoDb);
}

/// <summary>Operators of a PostgreSQL inbox.</summary>
public sealed class PostgresInboxOperationsTests(PostgresServer server) : InboxOperationsConformance
{
    private protected override async Task<InboxHarness> CreateHarnessAsync() => await PostgresInboxHarness.CreateAsync(server);
}

/// <summary>Operators of a MongoDB inbox.</summary>
public sealed class MongoInboxOperationsTests(MongoDbServer server) : InboxOperationsConformance
{
    private protected override async Task<InboxHarness> CreateHarnessAsync() => await MongoInboxHarness.CreateAsync(server, enlists: false);
}

/// <summary>Operators of a MySQL inbox.</summary>
public sealed class MySqlInboxOperationsTests(MySqlServer server) : InboxOperationsConformance
{
    private protected override async Task<InboxHarness> CreateHarnessAsync() => await MySqlInboxHarness.CreateAsync(server);
}

/// <summary>Operators of a Redis inbox.</summary>
public sealed class RedisInboxOperationsTests(RedisServer server) : InboxOperationsConformance
{
    private protected override async Task<InboxHarness> CreateHarnessAsync() => await RedisInboxHarness.CreateAsync(server, buckets: 4);
}
