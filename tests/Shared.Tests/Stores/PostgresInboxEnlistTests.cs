using Npgsql;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Statements that a handler enlists, rather than executes.</summary>
public sealed class PostgresInboxEnlistTests(PostgresServer server) : SqlInboxEnlistConformance
{
    private protected override (string Two, string Three) Appending => (
        "UPDATE {{schema}}.effects SET happened = happened * 10 + 2",
        "UPDATE {{schema}}.effects SET happened = happened * 10 + 3 WHERE name = $1");

    private protected override async Task<SqlInboxHarness> CreateHarnessAsync() => await PostgresInboxHarness.CreateAsync(server);

    [Fact]
    public Task What_is_enlisted_and_fails_is_told_and_nothing_of_the_message_happens() =>
        AssertFailsAsync("SELECT 1 / 0", error => Assert.Equal("22012", Assert.IsType<PostgresException>(error).SqlState));
}
