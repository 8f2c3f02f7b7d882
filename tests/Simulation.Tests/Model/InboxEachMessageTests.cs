using Relaybox.Shared.Tests.Conformance;

namespace Relaybox.Simulation.Tests.Model;

public sealed class InboxEachMessageTests : InboxRepositoryConformance
{
    private protected override Task<InboxHarness> CreateHarnessAsync() => Task.FromResult<InboxHarness>(new ModelInboxHarness(oneByOne: true));
}
