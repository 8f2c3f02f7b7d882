using Relaybox.Shared.Tests.Conformance;

namespace Relaybox.Simulation.Tests.Model;

public sealed class IndexedOutboxTests : OutboxRepositoryConformance
{
    private protected override Task<OutboxHarness> CreateHarnessAsync() => Task.FromResult<OutboxHarness>(new ModelOutboxHarness(keepsOrder: false));
}
