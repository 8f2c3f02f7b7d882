using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>The inbox in PostgreSQL does what every inbox does.</summary>
public class PostgresInboxRepositoryTests(PostgresServer server) : InboxRepositoryConformance
{
    protected override async Task<InboxHarness> CreateHarnessAsync() => await PostgresInboxHarness.CreateAsync(server);
}
