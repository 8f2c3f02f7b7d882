using Relaybox.Messaging;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Conformance.Servers;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Large payloads that handlers emit with DynamoDB, where no item holds them; DynamoDB Local stands for the service.</summary>
public sealed class DynamoDbEmittedPayloadTests(DynamoDbLocal dynamoDb) : EmittedPayloadConformance
{
    private protected override async Task<InboxHarness> CreateHarnessAsync() =>
        await DynamoDbInboxHarness.CreateAsync(dynamoDb, new ClaimCheck(Payloads));
}

/// <summary>Large payloads that handlers emit with PostgreSQL: a row holds them, and the relay stores them apart.</summary>
public sealed class PostgresEmittedPayloadTests(PostgresServer server) : EmittedPayloadConformance
{
    private protected override async Task<InboxHarness> CreateHarnessAsync() => await PostgresInboxHarness.CreateAsync(server);
}

/// <summary>Large payloads that handlers emit with MongoDB: a document holds them, and the relay stores them apart.</summary>
public sealed class MongoEmittedPayloadTests(MongoDbServer server) : EmittedPayloadConformance
{
    private protected override async Task<InboxHarness> CreateHarnessAsync() => await MongoInboxHarness.CreateAsync(server, enlists: false);
}

/// <summary>Large payloads that handlers emit with MySQL: a row holds them, and the relay stores them apart.</summary>
public sealed class MySqlEmittedPayloadTests(MySqlServer server) : EmittedPayloadConformance
{
    private protected override async Task<InboxHarness> CreateHarnessAsync() => await MySqlInboxHarness.CreateAsync(server);
}

/// <summary>Large payloads that handlers emit with Redis: a hash holds them, and the relay stores them apart.</summary>
public sealed class RedisEmittedPayloadTests(RedisServer server) : EmittedPayloadConformance
{
    private protected override async Task<InboxHarness> CreateHarnessAsync() => await RedisInboxHarness.CreateAsync(server, buckets: 4);
}
