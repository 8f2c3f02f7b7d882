using Relaybox.Shared.Tests.Conformance;

namespace Relaybox.Simulation.Tests.Model;

public sealed class MongoInboxTests : InboxRepositoryConformance
{
    private protected override Task<InboxHarness> CreateHarnessAsync() => Task.FromResult<InboxHarness>(new MongoInboxHarness());
}
