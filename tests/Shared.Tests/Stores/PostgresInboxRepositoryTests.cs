using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>The inbox in PostgreSQL does what every inbox does.</summary>
public class PostgresInboxRepositoryTests(PostgresServer server) : InboxRepositoryConformance
{
    private protected override async Task<InboxHarness> CreateHarnessAsync() => await PostgresInboxHarness.CreateAsync(server);
}

/// <summary>The same where handlers enlist their statements, so that each transaction is one message to the server.</summary>
public sealed class EnlistedPostgresInboxRepositoryTests(PostgresServer server) : InboxRepositoryConformance
{
    private protected override async Task<InboxHarness> CreateHarnessAsync() => await PostgresInboxHarness.CreateAsync(server, enlists: true);
}
