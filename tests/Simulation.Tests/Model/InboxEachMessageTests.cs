using Relaybox.Shared.Tests.Conformance;
using Relaybox.Simulation.Model;

namespace Relaybox.Simulation.Tests.Model;

public sealed class InboxEachMessageTests : InboxRepositoryConformance
{
    private protected override Task<InboxHarness> CreateHarnessAsync() =>
        Task.FromResult<InboxHarness>(new ModelInboxHarness(new InboxTable(new OutboxTable(keepsOrder: false)), oneByOne: true));
}
