using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>The PostgreSQL outbox does what every outbox does.</summary>
public class PostgresOutboxRepositoryTests(PostgresServer server) : OutboxRepositoryConformance
{
    private protected override async Task<OutboxHarness> CreateHarnessAsync() => await PostgresOutboxHarness.CreateAsync(server);
}
