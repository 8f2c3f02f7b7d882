using Npgsql;
using Relaybox.Testing;

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
    public async Task A_NATS_server_comes_back_on_its_port()
    {
        await using var server = await NatsServer.StartAsync();
        var port = server.Port;
        await server.StopAtOnceAsync();
        await server.StartAgainAsync();
        Assert.Equal(port, server.Port);
    }

    private static async Task<object?> ExecuteAsync(PostgresServer server, string sql)
    {
        await using var connection = new NpgsqlConnection(server.ConnectionString + ";Pooling=false");
        await connection.OpenAsync(Ct);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(Ct);
    }
}
