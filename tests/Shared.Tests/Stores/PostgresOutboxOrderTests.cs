using Relaybox.Outbox;
using Relaybox.Outbox.Relay;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>The PostgreSQL outbox keeps the order of each key.</summary>
public class PostgresOutboxOrderTests(PostgresServer server) : OutboxOrderConformance
{
    private protected override async Task<OutboxHarness> CreateHarnessAsync() => await PostgresOutboxHarness.CreateAsync(server);
}

/// <summary>Relays that lock rows keep the order of each key.</summary>
public sealed class LockedPostgresOutboxOrderTests(PostgresServer server) : PostgresOutboxOrderTests(server)
{
    private protected override RelayMode Mode => RelayMode.Locked;
}

/// <summary>Relays that lock rows and delete them keep the order of each key.</summary>
public sealed class LockedDeletingPostgresOutboxOrderTests(PostgresServer server) : OutboxOrderConformance
{
    private protected override RelayMode Mode => RelayMode.Locked;

    private protected override async Task<OutboxHarness> CreateHarnessAsync() =>
        await PostgresOutboxHarness.CreateAsync(server, new PostgresOptions { AfterSending = AfterSending.Delete });
}
