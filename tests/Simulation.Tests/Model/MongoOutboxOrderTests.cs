using Relaybox.Shared.Tests.Conformance;

namespace Relaybox.Simulation.Tests.Model;

public sealed class MongoOutboxOrderTests : OutboxOrderConformance
{
    private readonly MongoOutboxHarness _harness = new();

    private protected override Task<OutboxHarness> CreateHarnessAsync() => Task.FromResult<OutboxHarness>(_harness);
}
