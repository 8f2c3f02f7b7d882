using Relaybox.Shared.Tests.Conformance;
using Relaybox.Simulation.Model;

namespace Relaybox.Simulation.Tests.Model;

public sealed class InboxBatchTests : InboxRepositoryConformance
{
    private protected override Task<InboxHarness> CreateHarnessAsync() =>
        Task.FromResult<InboxHarness>(new ModelInboxHarness(new InboxTable(new OutboxTable(keepsOrder: true)), oneByOne: false));
}
