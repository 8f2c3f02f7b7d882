using Relaybox.Shared.Tests.Conformance;
using Relaybox.Stores.Postgres;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>The PostgreSQL outbox keeps the order of each key.</summary>
public class PostgresOutboxOrderTests(PostgresServer server) : OutboxOrderConformance
{
    protected override async Task<OutboxHarness> CreateHarnessAsync() => await PostgresOutboxHarness.CreateAsync(server);

    protected override Task<bool> SkipAsync(string eventId) => ((PostgresOutboxRepository)Store.Repository).SkipAsync(eventId, Ct);
}
