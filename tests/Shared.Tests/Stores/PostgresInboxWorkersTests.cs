using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

public sealed class PostgresInboxWorkersTests(PostgresServer server) : InboxWorkersConformance
{
    private protected override async Task<InboxHarness> CreateHarnessAsync() => await PostgresInboxHarness.CreateAsync(server);

    private protected override async Task<FragileInbox> StartFragileAsync()
    {
        var fragile = await PostgresServer.StartAsync();
        return new(fragile, await PostgresInboxHarness.CreateAsync(fragile), fragile.CrashAndRestartAsync);
    }
}
