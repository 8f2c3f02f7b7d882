using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>The MongoDB inbox does what every inbox does, where handlers write with the session.</summary>
public class MongoInboxRepositoryTests(MongoDbServer server) : InboxRepositoryConformance
{
    private protected override async Task<InboxHarness> CreateHarnessAsync() => await MongoInboxHarness.CreateAsync(server, enlists: false);
}

/// <summary>The MongoDB inbox does what every inbox does, where handlers enlist their writes.</summary>
public sealed class EnlistingMongoInboxRepositoryTests(MongoDbServer server) : InboxRepositoryConformance
{
    private protected override async Task<InboxHarness> CreateHarnessAsync() => await MongoInboxHarness.CreateAsync(server, enlists: true);
}
