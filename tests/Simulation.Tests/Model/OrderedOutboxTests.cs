using Relaybox.Shared.Tests.Conformance;
using Relaybox.Simulation.Model;

namespace Relaybox.Simulation.Tests.Model;

public sealed class OrderedOutboxTests : OutboxRepositoryConformance
{
    private protected override Task<OutboxHarness> CreateHarnessAsync() =>
        Task.FromResult<OutboxHarness>(new ModelOutboxHarness(new OutboxTable(keepsOrder: true)));
}
