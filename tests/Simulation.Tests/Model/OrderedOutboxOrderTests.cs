using Relaybox.Shared.Tests.Conformance;

namespace Relaybox.Simulation.Tests.Model;

public sealed class OrderedOutboxOrderTests : OutboxOrderConformance
{
    private readonly ModelOutboxHarness _harness = new(keepsOrder: true);

    private protected override Task<OutboxHarness> CreateHarnessAsync() => Task.FromResult<OutboxHarness>(_harness);

    protected override Task<bool> SkipAsync(string eventId) => Task.FromResult(_harness.Table.Skip(eventId, _harness.Now));
}
