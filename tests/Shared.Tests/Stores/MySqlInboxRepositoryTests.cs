using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>The inbox in MySQL or MariaDB does what every inbox does.</summary>
public class MySqlInboxRepositoryTests(MySqlServer server) : InboxRepositoryConformance
{
    private protected override async Task<InboxHarness> CreateHarnessAsync() => await MySqlInboxHarness.CreateAsync(server);
}

/// <summary>The same where handlers enlist their statements, so that each transaction is one message to the server.</summary>
public sealed class EnlistedMySqlInboxRepositoryTests(MySqlServer server) : InboxRepositoryConformance
{
    private protected override async Task<InboxHarness> CreateHarnessAsync() => await MySqlInboxHarness.CreateAsync(server, enlists: true);
}
