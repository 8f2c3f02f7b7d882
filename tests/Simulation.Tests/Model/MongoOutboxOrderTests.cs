using Relaybox.Shared.Tests.Conformance;

namespace Relaybox.Simulation.Tests.Model;

public sealed class MongoOutboxOrderTests : OutboxOrderConformance
{
    private readonly MongoOutboxHarness _harness = new();

    private protected override Task<OutboxHarness> CreateHarnessAsync() => Task.FromResult<OutboxHarness>(_harness);

    protected override async Task<bool> SkipAsync(string eventId)
    {
        var skipped = _harness.Table.Skip(eventId, _harness.Now);
        await _harness.NoteAsync(eventId);
        return skipped;
    }
}
