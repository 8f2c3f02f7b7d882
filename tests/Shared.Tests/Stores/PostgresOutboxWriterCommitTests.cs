using Npgsql;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>A connection to PostgreSQL that is cut around the commit of a business operation and its event.</summary>
public sealed class PostgresOutboxWriterCommitTests(PostgresServer server) : SqlOutboxWriterCommitConformance
{
    // What the constraint refuses it refuses at the commit.
    private const string Orders = "CREATE TABLE {{schema}}.orders (id varchar(64) PRIMARY KEY DEFERRABLE INITIALLY DEFERRED)";

    [Fact]
    public async Task A_commit_that_the_server_refuses_is_no_open_outcome()
    {
        await Store.ExecuteAsync("INSERT INTO {{schema}}.orders VALUES ('o-1')");
        var refused = await Assert.ThrowsAsync<PostgresException>(() => PlaceAsync(Sample.Event()));
        Assert.Equal(PostgresErrorCodes.UniqueViolation, refused.SqlState);
        await EventuallyAsync(1, 0);
    }

    private protected override async Task<SqlWriterHarness> CreateHarnessAsync() => await PostgresWriterHarness.CreateAsync(server, Orders);
}
