using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

public sealed class MySqlInboxWorkersTests(MySqlServer server) : InboxWorkersConformance
{
    private protected override async Task<InboxHarness> CreateHarnessAsync() => await MySqlInboxHarness.CreateAsync(server);

    private protected override async Task<FragileInbox> StartFragileAsync()
    {
        var fragile = await MySqlServer.StartAsync();
        return new(fragile, await MySqlInboxHarness.CreateAsync(fragile), fragile.CrashAndRestartAsync);
    }
}
