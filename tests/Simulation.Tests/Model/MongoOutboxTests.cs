using Relaybox.Shared.Tests.Conformance;

namespace Relaybox.Simulation.Tests.Model;

public sealed class MongoOutboxTests : OutboxRepositoryConformance
{
    private protected override Task<OutboxHarness> CreateHarnessAsync() => Task.FromResult<OutboxHarness>(new MongoOutboxHarness());
}
