using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

public sealed class RedisInboxWorkersTests(RedisServer server) : InboxWorkersConformance
{
    private protected override async Task<InboxHarness> CreateHarnessAsync() => await RedisInboxHarness.CreateAsync(server);

    private protected override async Task<FragileInbox> StartFragileAsync()
    {
        var fragile = await RedisServer.StartAsync("--appendfsync", "always");
        return new(fragile, await RedisInboxHarness.CreateAsync(fragile), async () =>
        {
            await fragile.StopAtOnceAsync();
            await fragile.StartAgainAsync();
        });
    }
}
