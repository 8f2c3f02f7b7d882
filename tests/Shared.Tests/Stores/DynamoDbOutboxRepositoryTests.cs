using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>The DynamoDB outbox does what every outbox does.</summary>
public class DynamoDbOutboxRepositoryTests(DynamoDbLocal dynamoDb) : OutboxRepositoryConformance
{
    private protected override async Task<OutboxHarness> CreateHarnessAsync() => await DynamoDbOutboxHarness.CreateAsync(dynamoDb);
}
