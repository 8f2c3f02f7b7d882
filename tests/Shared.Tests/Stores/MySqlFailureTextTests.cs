using System.Net;
using System.Net.Sockets;
using MySqlConnector;
using Relaybox.Diagnostics;
using Relaybox.Inbox;
using Relaybox.MySql;
using Relaybox.Secrets;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Sql;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>What is wrong with the database is said in a sentence of ours; the server's own text, which can quote a row, never is.</summary>
public sealed class MySqlFailureTextTests(MySqlServer server) : DeadStoreConformance
{
    private static readonly SqlTarget Target = new("db.example.com:3306", "shop", "u", "the secret arn:x", "relaybox");

    protected override string Unreachable => "The database 'shop' at 127.0.0.1:1 cannot be reached";

    private protected override (IInboxRepository Inbox, IExplainsFailures Connections) Connect()
    {
        var connections = new MySqlConnections(new SqlConnectionOptions { Url = $"mysql://u:{Canary}@127.0.0.1:1/shop" }, new NoSecrets());
        return (new MySqlInboxRepository(connections, new MySqlOptions(), TimeProvider.System, SystemEntropy.Instance), connections);
    }

    [Theory]
    [InlineData(1045, "refuses the password of the user 'u' (1045)")]
    [InlineData(1698, "refuses the password of the user 'u' (1698)")]
    [InlineData(4151, "its account is locked")]
    [InlineData(1130, "lets nobody in from this address")]
    [InlineData(1129, "FLUSH HOSTS")]
    [InlineData(1049, "has no database 'shop' (1049)")]
    [InlineData(1146, "lacks what was asked for (1146)")]
    [InlineData(1305, "Invoke the Setup function")]
    [InlineData(1054, "lacks what was asked for (1054)")]
    [InlineData(1142, "does not allow the user 'u' what this function does (1142)")]
    [InlineData(1370, "GRANT relaybox_functions TO 'u'@'%'")]
    [InlineData(1449, "Create that user again")]
    [InlineData(1040, "no connection left")]
    [InlineData(1203, "no connection left")]
    [InlineData(1836, "read-only (1836)")]
    [InlineData(1053, "being stopped or started")]
    [InlineData(1205, "not done with a statement")]
    [InlineData(1114, "out of disk or memory")]
    [InlineData(1153, "max_allowed_packet (1153)")]
    [InlineData(1366, "answered with an error (1366)")]
    public async Task A_servers_error_is_told_without_its_text(int number, string part)
    {
        var text = MySqlFailureText.Describe(await ErrorAsync(number, $"no '{Canary}'"), Target);
        Assert.Contains(part, text, StringComparison.Ordinal);
        Assert.Contains("db.example.com:3306", text, StringComparison.Ordinal);
        Assert.DoesNotContain(Canary, text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1146, "Table 'relaybox.outbox' doesn't exist", "lacks the table relaybox.outbox (1146)")]
    [InlineData(1049, "Unknown database 'relaybox'", "lacks the database relaybox (1049)")]
    [InlineData(1049, "Unknown database 'shop'", "has no database 'shop' (1049)")]
    [InlineData(1305, "PROCEDURE relaybox.outbox_is_same does not exist", "lacks the procedure relaybox.outbox_is_same (1305)")]
    [InlineData(1054, "Unknown column 'waits' in 'WHERE'", "lacks the column waits (1054)")]
    [InlineData(1142, "SELECT command denied to user 'u'@'h' for table `relaybox`.`outbox`", "with the table relaybox.outbox (1142)")]
    [InlineData(1370, "execute command denied to user 'u'@'h' for routine 'relaybox.outbox_is_same'", "the routine relaybox.outbox_is_same (1370)")]
    [InlineData(1044, "Access denied for user 'u'@'h' to database 'shop'", "Grant the user a right on that database")]
    [InlineData(1044, "Access denied for user 'u'@'h' to database 'relaybox'", "does not allow the user 'u'")]
    [InlineData(1290, "The MariaDB server is running with the --read-only option so it cannot execute this statement", "is read-only (1290)")]
    [InlineData(1290, "The MySQL server is running with the --super-read-only option so it cannot execute this statement", "is read-only (1290)")]
    [InlineData(1290, "The MariaDB server is running with the --secure-file-priv option so it cannot", "answered with an error (1290)")]
    public async Task A_name_in_the_servers_error_is_told(int number, string message, string part) =>
        Assert.Contains(part, MySqlFailureText.Describe(await ErrorAsync(number, message), Target), StringComparison.Ordinal);

    [Theory]
    [InlineData(1040, true, false)]
    [InlineData(1053, true, true)]
    [InlineData(1836, true, true)]
    [InlineData(1792, true, true)]
    [InlineData(1020, true, false)]
    [InlineData(1205, true, false)]
    [InlineData(1213, true, false)]
    [InlineData(1927, true, true)]
    [InlineData(1158, true, false)]
    [InlineData(1153, false, false)]
    [InlineData(1062, false, false)]
    [InlineData(1146, false, false)]
    [InlineData(1045, false, false)]
    public async Task Which_errors_are_transient_and_which_are_no_fault_of_a_handler(int number, bool isTransient, bool isOfServer)
    {
        var error = await ErrorAsync(number, Canary);
        Assert.Equal(isTransient, MySqlFaults.IsTransient(error));
        Assert.Equal(isOfServer, MySqlFaults.IsOfServer(new InvalidOperationException(Canary, error)));
    }

    [Fact]
    public async Task A_commit_is_unknown_unless_the_server_has_answered_it()
    {
        Assert.False(MySqlFaults.LeavesOutcomeOpen(await ErrorAsync(1213, Canary)));
        Assert.False(MySqlFaults.LeavesOutcomeOpen(await ErrorAsync(1290, Canary)));
        Assert.False(MySqlFaults.LeavesOutcomeOpen(new InvalidOperationException()));
        Assert.True(MySqlFaults.LeavesOutcomeOpen(await ErrorAsync(1053, Canary)));
        Assert.True(MySqlFaults.LeavesOutcomeOpen(await LostAsync()));
        Assert.True(MySqlFaults.LeavesOutcomeOpen(await TimedOutAsync()));
        Assert.True(MySqlFaults.LeavesOutcomeOpen(new OperationCanceledException()));
    }

    [Fact]
    public async Task A_lost_connection_and_a_statement_that_takes_too_long_and_an_empty_pool_are_told_apart()
    {
        var lost = await LostAsync();
        Assert.True(MySqlFaults.IsTransient(lost), lost.ToString());
        Assert.Matches("was lost|being stopped", MySqlFailureText.Describe(lost, Target));

        var late = await TimedOutAsync();
        Assert.True(MySqlFaults.IsTransient(late), late.ToString());
        Assert.Contains("not done with a statement", MySqlFailureText.Describe(late, Target), StringComparison.Ordinal);

        var text = new MySqlConnectionStringBuilder(server.ConnectionString) { ConnectionTimeout = 1 };
        var options = new SqlConnectionOptions { Url = text.ConnectionString, MaxPoolSize = 1 };
        await using var connections = new MySqlConnections(options, new NoSecrets());
        await using var only = await connections.OpenConnectionAsync(Ct);
        var full = await Assert.ThrowsAsync<MySqlException>(async () => await connections.OpenConnectionAsync(Ct));
        Assert.Contains("DATABASE_MAX_CONNECTIONS", connections.Explain(full)!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_never_answers_is_told()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        await using var connections = new MySqlConnections(
            new SqlConnectionOptions { Url = $"mysql://u:{Canary}@{silent.LocalEndpoint}/shop?connect_timeout=1" }, new NoSecrets());
        var error = await Assert.ThrowsAsync<MySqlException>(async () => await connections.OpenConnectionAsync(Ct));
        Assert.True(connections.IsTransient(error), error.ToString());
        Assert.Contains("did not answer in time", connections.Explain(error)!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_row_that_does_not_fit_is_refused_with_both_numbers()
    {
        var text = MySqlFailureText.TooLarge(20_000_000, 16_777_216);
        Assert.Contains("20000000", text, StringComparison.Ordinal);
        Assert.Contains("16777216", text, StringComparison.Ordinal);
        Assert.Contains("max_allowed_packet", text, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_not_the_databases_fault_is_not_described()
    {
        Assert.Null(MySqlFailureText.Describe(new InvalidOperationException(), Target));
        Assert.Null(MySqlFailureText.Describe(new OperationCanceledException(), Target));
        Assert.Null(MySqlFailureText.Describe(new SecretException("It cannot be read."), Target));
        Assert.Null(MySqlFailureText.Describe(new MigrationException("Another build's."), Target));
    }

    [Fact]
    public async Task An_owner_who_may_not_do_what_Setup_does_is_told_what_to_grant()
    {
        var denied = await ErrorAsync(1044, "Access denied for user 'u'@'h' to database 'relaybox'");
        var text = MySqlFailureText.Describe(new MigrationException("The schema's preparation failed.", denied), Target);
        Assert.Contains("GRANT ALL PRIVILEGES ON relaybox.* TO 'u'@'%' WITH GRANT OPTION", text, StringComparison.Ordinal);
    }

    /// <summary>An error of the server's, by the server.</summary>
    private Task<MySqlException> ErrorAsync(int number, string message) =>
        FailAsync($"SIGNAL SQLSTATE '{(number == 1205 ? "HY000" : "45000")}' SET MYSQL_ERRNO = {number}, MESSAGE_TEXT = @message", message);

    private Task<MySqlException> LostAsync() => FailAsync("KILL CONNECTION_ID(); SELECT 1", "");

    private Task<MySqlException> TimedOutAsync() => FailAsync("SELECT SLEEP(600)", "", timeout: 1);

    private async Task<MySqlException> FailAsync(string sql, string message, int timeout = 30)
    {
        await using var connection = new MySqlConnection(server.ConnectionString + ";Pooling=false");
        await connection.OpenAsync(Ct);
        await using var command = new MySqlCommand(sql, connection) { CommandTimeout = timeout };
        command.Parameters.AddWithValue("@message", message);
        return await Assert.ThrowsAsync<MySqlException>(() => command.ExecuteNonQueryAsync(Ct));
    }
}
