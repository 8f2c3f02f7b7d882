using MySqlConnector;
using Npgsql;
using Relaybox.Testing;
using Relaybox.Testing.Tls;

namespace Relaybox.Local.Tests.Servers;

public class ServerTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_committed_is_there_after_PostgreSQL_was_ended_at_once_and_started_again()
    {
        await using var server = await PostgresServer.StartAsync(password: "a password");
        await ExecuteAsync(server, "CREATE TABLE t AS SELECT 7 AS n");
        await server.CrashAndRestartAsync();
        Assert.Equal(7, await ExecuteAsync(server, "SELECT n FROM t"));
    }

    [Fact]
    public async Task PostgreSQL_asks_for_its_password_where_it_has_one()
    {
        await using var server = await PostgresServer.StartAsync(password: "a password");
        var wrong = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Password = "another", Pooling = false };
        await using var connection = new NpgsqlConnection(wrong.ConnectionString);
        var refused = await Assert.ThrowsAsync<PostgresException>(() => connection.OpenAsync(Ct));
        Assert.Equal(PostgresErrorCodes.InvalidPassword, refused.SqlState);
    }

    [Fact]
    public async Task What_was_committed_is_there_after_MariaDB_was_killed_and_started_again()
    {
        await using var server = await MySqlServer.StartAsync(password: "password");
        await ExecuteAsync(server.ConnectionString, "CREATE DATABASE d; CREATE TABLE d.t (n INT); INSERT INTO d.t VALUES (7)");
        await server.CrashAndRestartAsync();
        Assert.Equal(7, await ExecuteAsync(server.ConnectionString, "SELECT n FROM d.t"));
    }

    [Theory]
    [InlineData("another")]
    [InlineData("")]
    public async Task MariaDB_asks_for_its_password_where_it_has_one(string password)
    {
        await using var server = await MySqlServer.StartAsync(password: "password");
        var wrong = new MySqlConnectionStringBuilder(server.ConnectionString) { Password = password };
        var refused = await Assert.ThrowsAsync<MySqlException>(() => ExecuteAsync(wrong.ConnectionString, "SELECT 1"));
        Assert.Equal(MySqlErrorCode.AccessDenied, refused.ErrorCode);
    }

    [Fact]
    public async Task MariaDB_offers_TLS_with_the_certificate_that_it_is_given_and_reads_its_options()
    {
        using var certificates = new Certificates();
        await using var server = await MySqlServer.StartAsync(
            certificate: certificates.Issue(names: "127.0.0.1"), options: "innodb_snapshot_isolation = 1");
        var verified = new MySqlConnectionStringBuilder(server.ConnectionString)
        {
            SslMode = MySqlSslMode.VerifyFull, SslCa = certificates.AuthorityFile,
        };
        Assert.Equal(1L, await ExecuteAsync(verified.ConnectionString, "SELECT @@innodb_snapshot_isolation"));
    }

    [Fact]
    public async Task Connections_to_MariaDB_are_cut_and_new_ones_are_not()
    {
        await using var server = await MySqlServer.StartAsync();
        await using var connection = new MySqlConnection(server.ConnectionString + ";Pooling=false");
        await connection.OpenAsync(Ct);
        await server.TerminateConnectionsAsync();
        await using var command = new MySqlCommand("SELECT 1", connection);
        await Assert.ThrowsAsync<MySqlException>(() => command.ExecuteScalarAsync(Ct));
        Assert.Equal(1, await ExecuteAsync(server.ConnectionString, "SELECT 1"));
    }

    [Fact]
    public async Task A_NATS_server_comes_back_on_its_port()
    {
        await using var server = await NatsServer.StartAsync();
        var port = server.Port;
        await server.StopAtOnceAsync();
        await server.StartAgainAsync();
        Assert.Equal(port, server.Port);
    }

    private static async Task<object?> ExecuteAsync(string mySql, string sql)
    {
        await using var connection = new MySqlConnection(mySql + ";Pooling=false");
        await connection.OpenAsync(Ct);
        await using var command = new MySqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(Ct);
    }

    private static async Task<object?> ExecuteAsync(PostgresServer server, string sql)
    {
        await using var connection = new NpgsqlConnection(server.ConnectionString + ";Pooling=false");
        await connection.OpenAsync(Ct);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(Ct);
    }
}
