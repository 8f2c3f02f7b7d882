using System.Globalization;
using MySqlConnector;
using Relaybox.MySql;
using Relaybox.Secrets;
using Relaybox.Shared.Tests.Support;
using Relaybox.Sql;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

public sealed class MySqlConnectionTests(MySqlServer server)
{
    private const string Arn = "arn:aws:secretsmanager:eu-central-2:123456789012:secret:db-AbCdEf";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_session_is_set_before_anybody_has_it_and_after_each_reset()
    {
        await using var connections = Connections(server.ConnectionString);
        for (var i = 0; i < 2; i++)
        {
            await using (var handlers = await connections.OpenForHandlerAsync(Ct))
            {
                Assert.Equal(("READ-COMMITTED", "+00:00", 10L), await SettingsAsync(handlers));
                await ExecuteAsync(handlers, "SET SESSION time_zone = '+05:00', innodb_lock_wait_timeout = 50");
            }

            await using var own = await connections.OpenConnectionAsync(Ct);
            Assert.Equal(("READ-COMMITTED", "+00:00", 10L), await SettingsAsync(own));
        }
    }

    [Fact]
    public async Task A_session_whose_opening_was_cancelled_or_failed_is_never_given_to_anybody_unset()
    {
        await using var connections = Connections(server.ConnectionString, maxPoolSize: 2);
        for (var i = 0; i < 30; i++)
        {
            using var soon = new CancellationTokenSource();
            var opening = connections.OpenConnectionAsync(soon.Token).AsTask();
            await Task.Yield();
            await soon.CancelAsync();
            if (await Record.ExceptionAsync(() => opening) is null)
            {
                await (await opening).DisposeAsync();
            }

            await using var next = await connections.OpenConnectionAsync(Ct);
            Assert.Equal(("READ-COMMITTED", "+00:00", 10L), await SettingsAsync(next));
        }
    }

    [Fact]
    public async Task A_session_that_is_killed_because_of_what_it_may_hold_does_not_come_back()
    {
        await using var connections = Connections(server.ConnectionString);
        var connection = await connections.OpenConnectionAsync(Ct);
        var id = connection.ServerThread;
        await using (connection)
        {
            await ExecuteAsync(connection, "START TRANSACTION");
            await MySqlSession.KillAsync(connection);
        }

        await using var next = await connections.OpenConnectionAsync(Ct);
        Assert.NotEqual(id, next.ServerThread);
        Assert.Equal(1L, await ScalarAsync(next, "SELECT 1"));
    }

    [Fact]
    public async Task Connections_to_a_server_that_takes_no_writes_are_thrown_away_and_the_next_try_connects_anew()
    {
        await using var own = await MySqlServer.StartAsync();
        await ReadOnlyAsync(own, on: true);
        await using var connections = Connections(await PlainUserAsync(own));
        await using (var first = await connections.OpenConnectionAsync(Ct))
        await using (await connections.OpenForHandlerAsync(Ct))
        {
            // No caller may use it again.
            var failure = await Assert.ThrowsAsync<MySqlException>(() => ExecuteAsync(first, "CREATE TABLE app.made (i INT)"));
            Assert.True(MySqlFaults.IsOfReadOnlyServer(failure) && MySqlFaults.IsOfServer(failure), failure.ToString());
            Assert.Contains("is read-only (1290)", connections.Explain(failure)!.Message, StringComparison.Ordinal);
        }

        var sessions = await IdsAsync(connections);
        var tries = 0;
        await connections.Retries(new SkippingTimeProvider(), SystemEntropy.Instance).RunAsync(
            async (attempt, ct) =>
            {
                if ((tries = attempt) == 2)
                {
                    await ReadOnlyAsync(own, on: false);
                }

                await using var connection = await connections.OpenConnectionAsync(ct);
                await ExecuteAsync(connection, "CREATE TABLE app.made (i INT)");
                return 0;
            },
            Ct);
        Assert.Equal(2, tries);
        Assert.Empty(sessions.Intersect(await IdsAsync(connections)));
    }

    [Fact]
    public async Task Of_several_hosts_the_one_that_takes_writes_is_used()
    {
        await using var replica = await MySqlServer.StartAsync();
        await ReadOnlyAsync(replica, on: true);
        var builder = new MySqlConnectionStringBuilder(server.ConnectionString);
        var user = $"{Uri.EscapeDataString(builder.UserID)}:{Uri.EscapeDataString(builder.Password)}";
        await using var connections = Connections($"mysql://{user}@127.0.0.1:1,127.0.0.1:{replica.Port},{builder.Server}:{server.Port}/");
        for (var i = 0; i < 2; i++)
        {
            await using var connection = await connections.OpenConnectionAsync(Ct);
            Assert.Equal((long)server.Port, Convert.ToInt64(await ScalarAsync(connection, "SELECT @@port"), null));
        }

        await using var none = Connections($"mysql://root@127.0.0.1:1,127.0.0.1:{replica.Port}/");
        var failure = await Assert.ThrowsAsync<ReadOnlyServerException>(async () => await none.OpenConnectionAsync(Ct));
        Assert.True(none.IsTransient(failure), failure.ToString());
        Assert.Contains("no host that can be reached and takes writes", none.Explain(failure)!.Message, StringComparison.Ordinal);

        await ReadOnlyAsync(replica, on: false);
        await using var promoted = await none.OpenConnectionAsync(Ct);
        Assert.Equal((long)replica.Port, Convert.ToInt64(await ScalarAsync(promoted, "SELECT @@port"), null));
    }

    [Fact]
    public async Task The_largest_statement_is_asked_for_once()
    {
        await using var connections = Connections(server.ConnectionString);
        await using var connection = await connections.OpenConnectionAsync(Ct);
        var limit = await connections.PacketLimit.RequireAsync(1, connection, transaction: null, Ct);
        Assert.Equal(Convert.ToInt64(await ScalarAsync(connection, "SELECT @@max_allowed_packet"), null), limit);
        var asked = await QuestionsAsync(connection);
        Assert.Equal(limit, await connections.PacketLimit.RequireAsync(limit, connection, transaction: null, Ct));
        Assert.Equal(asked + 1, await QuestionsAsync(connection));
    }

    [Fact]
    public async Task A_rotated_password_is_read_again_once_and_then_kept()
    {
        await using var own = await MySqlServer.StartAsync(password: "first");
        var secrets = new Secrets { Text = Secret(own, "root", "first") };
        await using var connections = new MySqlConnections(new SqlConnectionOptions { SecretArn = Arn }, secrets);
        await using (await connections.OpenConnectionAsync(Ct))
        {
        }

        await ExecuteAsAdministratorAsync(own, "SET PASSWORD = PASSWORD('second')");
        await CutAsync(own, "second");
        secrets.Text = Secret(own, "root", "second");
        for (var i = 0; i < 3; i++)
        {
            await using var connection = await connections.OpenForHandlerAsync(Ct);
            Assert.Equal(1L, await ScalarAsync(connection, "SELECT 1"));
        }

        Assert.Equal(2, secrets.Reads);
    }

    [Fact]
    public async Task Wrong_credentials_are_read_again_once_and_then_an_error()
    {
        await using var own = await MySqlServer.StartAsync(password: "right");
        var secrets = new Secrets { Text = Secret(own, "root", "canary") };
        await using var connections = new MySqlConnections(new SqlConnectionOptions { SecretArn = Arn }, secrets);

        var refused = await Assert.ThrowsAsync<MySqlException>(async () => await connections.OpenConnectionAsync(Ct));

        Assert.Equal(MySqlErrorCode.AccessDenied, refused.ErrorCode);
        Assert.Equal(2, secrets.Reads);
        Assert.False(connections.IsTransient(refused));
        Assert.Contains("refuses the password of the user 'root' (1045)", connections.Explain(refused)!.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", $"{connections.Explain(refused)}", StringComparison.Ordinal);
    }

    private static MySqlConnections Connections(string url, int maxPoolSize = 20) =>
        new(new SqlConnectionOptions { Url = url, MaxPoolSize = maxPoolSize }, new Secrets());

    private static async Task<string> PlainUserAsync(MySqlServer own)
    {
        // An administrator may write to a read-only server.
        await using var connection = new MySqlConnection(own.ConnectionString);
        await connection.OpenAsync(Ct);
        await ExecuteAsync(connection, "CREATE DATABASE app; CREATE USER plain@'%'; GRANT ALL ON app.* TO plain@'%'");
        return $"mysql://plain@127.0.0.1:{own.Port}/app";
    }

    private static Task ReadOnlyAsync(MySqlServer own, bool on) => ExecuteAsAdministratorAsync(own, $"SET GLOBAL read_only = {(on ? 1 : 0)}");

    private static async Task ExecuteAsAdministratorAsync(MySqlServer own, string sql)
    {
        await using var connection = new MySqlConnection(own.ConnectionString + ";Pooling=false");
        await connection.OpenAsync(Ct);
        await ExecuteAsync(connection, sql);
    }

    private static async Task CutAsync(MySqlServer own, string password)
    {
        var text = new MySqlConnectionStringBuilder(own.ConnectionString) { Password = password, Pooling = false };
        await using var connection = new MySqlConnection(text.ConnectionString);
        await connection.OpenAsync(Ct);
        await using var others = new MySqlCommand(
            "SELECT id FROM information_schema.processlist WHERE command = 'Sleep' AND id <> CONNECTION_ID()", connection);
        foreach (var id in await others.ReadCommittedAsync(row => row.GetInt64(0), Ct))
        {
            await ExecuteAsync(connection, $"KILL {id}");
        }
    }

    private static async Task<int[]> IdsAsync(MySqlConnections connections)
    {
        await using var own = await connections.OpenConnectionAsync(Ct);
        await using var handlers = await connections.OpenForHandlerAsync(Ct);
        return [own.ServerThread, handlers.ServerThread];
    }

    private static async Task<(string Level, string Zone, long Wait)> SettingsAsync(MySqlConnection connection)
    {
        // The level has one name in MariaDB and another in MySQL.
        await using var command = new MySqlCommand(
            "SHOW SESSION VARIABLES WHERE variable_name IN ('tx_isolation', 'transaction_isolation', 'time_zone', 'innodb_lock_wait_timeout')",
            connection);
        var values = (await command.ReadCommittedAsync(row => KeyValuePair.Create(row.GetString(0), row.GetString(1)), Ct))
            .ToDictionary(StringComparer.OrdinalIgnoreCase);
        var level = values.GetValueOrDefault("transaction_isolation") ?? values["tx_isolation"];
        return (level, values["time_zone"], long.Parse(values["innodb_lock_wait_timeout"], CultureInfo.InvariantCulture));
    }

    private static async Task<long> QuestionsAsync(MySqlConnection connection)
    {
        await using var command = new MySqlCommand("SHOW SESSION STATUS LIKE 'Questions'", connection);
        await using var reader = await command.ExecuteReaderAsync(Ct);
        Assert.True(await reader.ReadAsync(Ct));
        return long.Parse(reader.GetString(1), CultureInfo.InvariantCulture);
    }

    private static async Task ExecuteAsync(MySqlConnection connection, string sql)
    {
        await using var command = new MySqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Ct);
    }

    private static async Task<object?> ScalarAsync(MySqlConnection connection, string sql)
    {
        await using var command = new MySqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(Ct) switch
        {
            int number => (long)number,
            var value => value,
        };
    }

    private static string Secret(MySqlServer own, string user, string password) =>
        $$"""{"engine":"mysql","host":"127.0.0.1","port":{{own.Port}},"dbname":"mysql","username":"{{user}}","password":"{{password}}"}""";

    private sealed class Secrets : ISecretSource
    {
        public string Text { get; set; } = "";

        public int Reads { get; private set; }

        public Task<string> GetAsync(string arn, CancellationToken cancellationToken)
        {
            Reads++;
            return Task.FromResult(Text);
        }
    }
}
