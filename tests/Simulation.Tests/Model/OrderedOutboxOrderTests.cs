using Relaybox.Shared.Tests.Conformance;
using Relaybox.Simulation.Model;

namespace Relaybox.Simulation.Tests.Model;

public sealed class OrderedOutboxOrderTests : OutboxOrderConformance
{
    private readonly ModelOutboxHarness _harness = new(new OutboxTable(keepsOrder: true));

    private protected override Task<OutboxHarness> CreateHarnessAsync() => Task.FromResult<OutboxHarness>(_harness);
}
