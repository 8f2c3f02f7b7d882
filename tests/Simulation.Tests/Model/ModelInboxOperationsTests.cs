using Relaybox.Shared.Tests.Conformance;
using Relaybox.Simulation.Model;

namespace Relaybox.Simulation.Tests.Model;

/// <summary>Operators of the model inbox.</summary>
public sealed class ModelInboxOperationsTests : InboxOperationsConformance
{
    private protected override Task<InboxHarness> CreateHarnessAsync() =>
        Task.FromResult<InboxHarness>(new ModelInboxHarness(new InboxTable(new OutboxTable(keepsOrder: true)), oneByOne: false));
}
