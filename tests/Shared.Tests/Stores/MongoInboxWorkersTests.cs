using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

public sealed class MongoInboxWorkersTests(MongoDbServer server) : InboxWorkersConformance
{
    private protected override async Task<InboxHarness> CreateHarnessAsync() => await MongoInboxHarness.CreateAsync(server, enlists: false);

    private protected override async Task<FragileInbox> StartFragileAsync()
    {
        var fragile = await MongoDbServer.StartAsync();
        return new(fragile, await MongoInboxHarness.CreateAsync(fragile, enlists: false), async () =>
        {
            await fragile.StopAtOnceAsync();
            await fragile.StartAgainAsync();
        });
    }
}
