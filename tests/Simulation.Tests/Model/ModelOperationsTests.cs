using Relaybox.Shared.Tests.Conformance;
using Relaybox.Simulation.Model;

namespace Relaybox.Simulation.Tests.Model;

/// <summary>Operators of the model of an ordered store.</summary>
public sealed class OrderedOperationsTests : OutboxOperationsConformance
{
    private protected override Task<OutboxHarness> CreateHarnessAsync() =>
        Task.FromResult<OutboxHarness>(new ModelOutboxHarness(new OutboxTable(keepsOrder: true)));
}

/// <summary>Operators of the model of a store with an index and a stream.</summary>
public sealed class IndexedOperationsTests : OutboxOperationsConformance
{
    private protected override Task<OutboxHarness> CreateHarnessAsync() =>
        Task.FromResult<OutboxHarness>(new ModelOutboxHarness(new OutboxTable(keepsOrder: false)));
}
