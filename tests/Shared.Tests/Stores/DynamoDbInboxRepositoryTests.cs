using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>The DynamoDB inbox does what every inbox does.</summary>
public class DynamoDbInboxRepositoryTests(DynamoDbLocal dynamoDb) : InboxRepositoryConformance
{
    private protected override async Task<InboxHarness> CreateHarnessAsync() => await DynamoDbInboxHarness.CreateAsync(dynamoDb);
}
