using System.Net.Sockets;
using Npgsql;
using Relaybox.Diagnostics;
using Relaybox.Inbox;
using Relaybox.Postgres;
using Relaybox.Secrets;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Sql;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>What is said of a failure that no test server can be made to show; the others are in the functions' tests.</summary>
public sealed class PostgresFailureTextTests : DeadStoreConformance
{
    private static readonly SqlTarget Target = new("db.example.com:5432", "shop", "u", "the secret arn:x", "relaybox");

    protected override string Unreachable => "The database 'shop' at 127.0.0.1:1 cannot be reached";

    private protected override (IInboxRepository Inbox, IExplainsFailures Connections) Connect()
    {
        var connections = new PostgresConnections(new PostgresConnectionOptions { Url = $"postgres://u:{Canary}@127.0.0.1:1/shop" }, new NoSecrets());
        return (new PostgresInboxRepository(connections, new PostgresOptions(), TimeProvider.System, SystemEntropy.Instance), connections);
    }

    [Theory]
    [InlineData(SocketError.HostNotFound, "nobody knows a host of that name")]
    [InlineData(SocketError.TimedOut, "there was no answer")]
    [InlineData(SocketError.HostUnreachable, "no route leads there")]
    public void A_host_that_cannot_be_reached_is_named_with_the_reason(SocketError error, string reason) => Assert.StartsWith(
        $"The database 'shop' at db.example.com:5432 cannot be reached: {reason}. Check host and port in the secret arn:x",
        PostgresFailureText.Describe(new NpgsqlException(Canary, new SocketException((int)error)), Target),
        StringComparison.Ordinal);

    [Theory]
    [InlineData("53300", "no connection left")]
    [InlineData("25006", "read-only")]
    [InlineData("57P01", "being stopped or started")]
    [InlineData("57P03", "being stopped or started")]
    [InlineData("57014", "not done with a statement")]
    [InlineData("53100", "out of disk or memory")]
    [InlineData("22P02", "answered with an error (22P02)")]
    [InlineData("42P01", "lacks what was asked for")]
    [InlineData("42501", "does not allow the user 'u' what this function does (42501)")]
    public void A_servers_error_is_told_without_its_text(string state, string part)
    {
        var text = PostgresFailureText.Describe(new PostgresException($"no \"{Canary}\"", "ERROR", "ERROR", state, detail: Canary), Target);
        Assert.Contains(part, text, StringComparison.Ordinal);
        Assert.Contains("'shop' at db.example.com:5432", text, StringComparison.Ordinal);
        Assert.DoesNotContain(Canary, text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_lost_connection_and_an_empty_pool_are_told_apart()
    {
        Assert.Contains(
            "was lost", PostgresFailureText.Describe(new NpgsqlException(Canary, new IOException(Canary)), Target), StringComparison.Ordinal);
        Assert.Contains(
            "DATABASE_MAX_CONNECTIONS",
            PostgresFailureText.Describe(new NpgsqlException("The connection pool has been exhausted", new TimeoutException()), Target),
            StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_not_the_databases_fault_is_not_described()
    {
        Assert.Null(PostgresFailureText.Describe(new InvalidOperationException(), Target));
        Assert.Null(PostgresFailureText.Describe(new OperationCanceledException(), Target));
        Assert.Null(PostgresFailureText.Describe(new SecretException("It cannot be read."), Target));
        Assert.Null(PostgresFailureText.Describe(new MigrationException("Another build's."), Target));
    }
}
