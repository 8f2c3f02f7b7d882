using Npgsql;
using Relaybox.Postgres;
using Relaybox.Secrets;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

public sealed class PostgresConnectionTests(PostgresServer server)
{
    private const string Arn = "arn:aws:secretsmanager:eu-central-2:123456789012:secret:db-AbCdEf";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("postgres://u:p@127.0.0.1:5433/shop", "127.0.0.1", 5433, "u", "p", "shop")]
    [InlineData("postgresql://u:p%40ss%2Fword@localhost/shop", "localhost", 5432, "u", "p@ss/word", "shop")]
    [InlineData("Host=127.0.0.1;Port=7;Username=u;Password=p;Database=shop", "127.0.0.1", 7, "u", "p", "shop")]
    [InlineData("postgres://u:p@[::1]:5433/shop", "::1", 5433, "u", "p", "shop")]
    public void A_URL_says_where_the_database_is(string url, string host, int port, string user, string password, string database)
    {
        var builder = PostgresConnectionText.FromUrl(new PostgresConnectionOptions { Url = url });
        Assert.Equal((host, port, user, password, database), (builder.Host, builder.Port, builder.Username, builder.Password, builder.Database));
        Assert.Equal(SslMode.Prefer, builder.SslMode);
    }

    [Theory]
    [InlineData("postgres://u:p@db.example.com/shop")]
    [InlineData("postgres://u:p@db.example.com/shop?sslmode=verify-full")]
    [InlineData("Host=10.0.0.7;Username=u;Password=p;Database=shop")]
    [InlineData("Host=127.0.0.1,db.example.com;Username=u;Password=p;Database=shop")]
    public void Outside_loopback_the_server_is_always_verified(string url) =>
        Assert.Equal(SslMode.VerifyFull, PostgresConnectionText.FromUrl(new PostgresConnectionOptions { Url = url }).SslMode);

    [Theory]
    [InlineData("db.example.com", SslMode.VerifyFull)]
    [InlineData("10.0.0.7", SslMode.VerifyFull)]
    [InlineData("127.0.0.1", SslMode.Prefer)]
    public void The_server_of_a_secret_is_verified_as_that_of_a_URL(string host, SslMode mode)
    {
        var secret = $$"""{"host":"{{host}}","port":1,"dbname":"d","username":"u","password":"p","sslmode":"disable"}""";
        Assert.Equal(mode, PostgresConnectionText.FromSecret(secret, new PostgresConnectionOptions { SecretArn = Arn }).SslMode);
        Assert.Equal(
            SslMode.VerifyFull,
            PostgresConnectionText.FromSecret(secret, new PostgresConnectionOptions { SecretArn = Arn, Host = "proxy.example.com" }).SslMode);
    }

    [Fact]
    public void A_secret_with_user_name_and_password_alone_is_completed_by_settings()
    {
        var options = new PostgresConnectionOptions { SecretArn = Arn, Host = "db.example.com", Database = "app" };

        var text = PostgresConnectionText.FromSecret("""{"username":"relay","password":"p"}""", options);

        Assert.Equal(("db.example.com", 5432, "app", "relay"), (text.Host, text.Port, text.Database, text.Username));
    }

    [Fact]
    public void Through_a_pooler_nothing_is_prepared_and_nothing_is_reset()
    {
        const string Url = "postgres://u:p@127.0.0.1/shop?Max Auto Prepare=20";
        var pooled = PostgresConnectionText.FromUrl(new PostgresConnectionOptions { Url = Url, Pooler = true });
        var direct = PostgresConnectionText.FromUrl(new PostgresConnectionOptions { Url = Url });
        Assert.Equal((0, true, 20, false), (pooled.MaxAutoPrepare, pooled.NoResetOnClose, direct.MaxAutoPrepare, direct.NoResetOnClose));
    }

    [Fact]
    public void Options_can_be_printed_without_telling_a_password()
    {
        var printed = $"{new PostgresConnectionOptions { Url = "postgres://u:canary@db.example.com/shop", SecretArn = Arn }}";
        Assert.Contains("relaybox", printed, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", printed, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postgres://u:canary@db.example.com/shop?sslmode=disable", "not verified")]
    [InlineData("postgres://u:canary@db.example.com/shop?sslmode=require", "not verified")]
    [InlineData("Host=db.example.com;Username=u;Password=canary;SSL Mode=Prefer", "not verified")]
    [InlineData("postgres://u:canary@127.0.0.1/shop?application_name=a&canary=red", "option 2")]
    [InlineData("postgres://u:canary@127.0.0.1/shop?channel_binding=canary", "'channel_binding'")]
    [InlineData("postgres://u:canary@127.0.0.1/shop?canary", "form")]
    [InlineData("postgres://relay:77/canary@127.0.0.1/shop", "%2F")]
    [InlineData("postgres://relay:77?canary@127.0.0.1/shop", "%3F")]
    [InlineData("postgres://relay:77#canary@127.0.0.1/shop", "%23")]
    [InlineData("postgres://relay:77@canary@127.0.0.1/shop", "%40")]
    [InlineData("postgres://relay:50%xcanary@127.0.0.1/shop", "%25")]
    [InlineData("postgres://relay:77@127.0.0.1/shop/canary", "form")]
    [InlineData("postgres://relay:canary", "form")]
    [InlineData("postgres://relay:canary@", "no host")]
    [InlineData("postgres://relay:canary@/shop", "no host")]
    [InlineData("postgres://relay:canary@127.0.0.1:1,/shop", "no host")]
    [InlineData("postgres://relay:p@127.0.0.1:canary/shop", "form")]
    [InlineData("postgres://relay:p@127.0.0.1,127.0.0.2/shop?port=1,2,3", "number of ports")]
    [InlineData("postgres://relay:canary@127.0.0.1/shop?target_session_attrs=standby", "read-write")]
    [InlineData("Host=canary!;Username=u", "host")]
    [InlineData("mysql://u:canary@127.0.0.1/shop", "neither")]
    [InlineData("Password=canary;Colour=red", "neither")]
    [InlineData("Password=canary", "no host")]
    [InlineData("postgres://", "no host")]
    public void What_is_wrong_with_a_URL_is_said_without_its_password(string url, string part)
    {
        var wrong = PostgresConnectionText.Check(new PostgresConnectionOptions { Url = url });
        Assert.Contains(part, wrong, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", wrong, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postgres://u:p@127.0.0.1:1,127.0.0.2/shop", "127.0.0.1:1,127.0.0.2", "read-write")]
    [InlineData("postgres://u:p@127.0.0.1,127.0.0.2/shop?port=7&target_session_attrs=any", "127.0.0.1:7,127.0.0.2:7", "any")]
    [InlineData("postgres://u:p@/shop?host=127.0.0.1,127.0.0.2&port=1,2", "127.0.0.1:1,127.0.0.2:2", "read-write")]
    [InlineData("postgres://u:p@[::1]:1,localhost:2/shop?target_session_attrs=prefer-primary", "[::1]:1,localhost:2", "prefer-primary")]
    [InlineData("Host=127.0.0.1:1,127.0.0.2:2;Username=u;Database=shop", "127.0.0.1:1,127.0.0.2:2", "read-write")]
    [InlineData("postgres://u:p@127.0.0.1/shop?target_session_attrs=read-write", "127.0.0.1", null)]
    [InlineData("postgres:///shop?host=/var/run/postgresql", "/var/run/postgresql", null)]
    [InlineData("postgres://u:p@%2Fvar%2Frun%2Fpostgresql:5433/shop", "/var/run/postgresql", null)]
    public void Several_hosts_and_sockets_of_this_machine_can_be_named(string url, string hosts, string? target)
    {
        var builder = PostgresConnectionText.FromUrl(new PostgresConnectionOptions { Url = url });
        Assert.Equal((hosts, target, "shop", SslMode.Prefer), (builder.Host, builder.TargetSessionAttributes, builder.Database, builder.SslMode));
        NpgsqlDataSource.Create(builder).Dispose();
    }

    [Fact]
    public void The_options_of_libpq_are_read()
    {
        const string Url =
            "postgres://127.0.0.1/shop?user=u&password=p%3D&application_name=my%20app&channel_binding=require&connect_timeout=3"
            + "&keepalives=1&keepalives_idle=9&client_encoding=UTF8&options=-c%20geqo%3Doff&sslmode=verify-full&gssencmode=disable"
            + "&sslnegotiation=direct&load_balance_hosts=random&require_auth=scram-sha-256&connection_lifetime=60";
        var builder = PostgresConnectionText.FromUrl(new PostgresConnectionOptions { Url = Url });
        Assert.Equal(
            ("u", "p=", "my app", ChannelBinding.Require, 3),
            (builder.Username, builder.Password, builder.ApplicationName, builder.ChannelBinding, builder.Timeout));
        Assert.Equal((true, 9, "-c geqo=off", SslMode.VerifyFull, true, 60), (
            builder.TcpKeepAlive, builder.TcpKeepAliveTime, builder.Options, builder.SslMode, builder.LoadBalanceHosts, builder.ConnectionLifetime));
    }

    [Fact]
    public void The_age_of_a_connection_is_bounded_and_a_secret_can_say_what_a_URL_can()
    {
        const string Fields = """ "port":1,"dbname":"d","username":"u","password":"p" """;
        var options = new PostgresConnectionOptions { SecretArn = Arn };
        var plain = PostgresConnectionText.FromSecret($$"""{"host":"127.0.0.1",{{Fields}}}""", options);
        Assert.Equal((300, null, "relaybox"), (plain.ConnectionLifetime, plain.TargetSessionAttributes, plain.ApplicationName));

        var several = PostgresConnectionText.FromSecret($$"""{"host":"127.0.0.1,127.0.0.2:2",{{Fields}}}""", options);
        Assert.Equal(("127.0.0.1,127.0.0.2:2", "read-write"), (several.Host, several.TargetSessionAttributes));

        var all = PostgresConnectionText.FromSecret(
            $$"""
            {"host":"h",{{Fields}},"target_session_attrs":"primary","connection_lifetime":60,"application_name":"a","channel_binding":"require"}
            """,
            options with { Host = "127.0.0.1:1,127.0.0.2" });
        Assert.Equal(
            ("primary", 60, "a", ChannelBinding.Require),
            (all.TargetSessionAttributes, all.ConnectionLifetime, all.ApplicationName, all.ChannelBinding));
    }

    [Theory]
    [InlineData("\"host\":\"canary!\"", "'host'")]
    [InlineData("\"host\":\"127.0.0.1\",\"channel_binding\":\"canary\"", "'channel_binding'")]
    [InlineData("\"host\":\"127.0.0.1,h\",\"target_session_attrs\":\"read-only\"", "read-write")]
    public void What_a_secret_cannot_say_is_refused(string fields, string part)
    {
        var wrong = Assert.Throws<SecretException>(() => PostgresConnectionText.FromSecret(
            $$"""{{{fields}},"dbname":"d","username":"u","password":"canary"}""", new PostgresConnectionOptions { SecretArn = Arn }));
        Assert.Contains(part, wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", wrong.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_socket_of_this_machine_is_used()
    {
        await using var show = server.DataSource.CreateCommand("SHOW unix_socket_directories");
        var folder = Uri.EscapeDataString((string)(await show.ExecuteScalarAsync(Ct))!);
        await using var connections = new PostgresConnections(
            new PostgresConnectionOptions { Url = $"postgres://postgres@/postgres?host={folder}&port={server.Port}" }, new Secrets());
        Assert.Equal(DBNull.Value, await ExecuteAsync(connections, "SELECT inet_server_addr()"));
    }

    [Fact]
    public async Task Connections_to_a_server_that_takes_no_writes_are_thrown_away_and_the_next_try_connects_anew()
    {
        await using var own = await PostgresServer.StartAsync();
        await ReadOnlyAsync(own, "on");
        await using var connections = new PostgresConnections(
            new PostgresConnectionOptions
            {
                Url = $"postgres://postgres@127.0.0.1:{own.Port}/postgres",
                KeepsSessions = true,
            },
            new Secrets());
        await using (await connections.OpenConnectionAsync(Ct))
        await using (await connections.OpenForHandlerAsync(Ct))
        {
            // Both pools have one now that stays read-only.
        }

        await ReadOnlyAsync(own, "off");
        var tries = 0;
        await connections.Retries(new SkippingTimeProvider(), SystemEntropy.Instance).RunAsync(
            async (attempt, ct) =>
            {
                tries = attempt;
                await using var connection = await connections.OpenConnectionAsync(ct);
                await using var command = new NpgsqlCommand("CREATE TABLE made ()", connection);
                return await command.ExecuteNonQueryAsync(ct);
            },
            Ct);
        Assert.Equal(2, tries);

        await using var handlers = await connections.OpenForHandlerAsync(Ct);
        await using var dropped = new NpgsqlCommand("DROP TABLE made", handlers);
        await dropped.ExecuteNonQueryAsync(Ct);
    }

    [Fact]
    public async Task Of_several_hosts_the_one_that_takes_writes_is_used()
    {
        await using var standby = await PostgresServer.StartAsync();
        await ReadOnlyAsync(standby, "on");
        await using var connections = new PostgresConnections(
            new PostgresConnectionOptions { Url = $"postgres://postgres@127.0.0.1:1,127.0.0.1:{standby.Port},127.0.0.1:{server.Port}/postgres" },
            new Secrets());
        Assert.Equal(server.Port, await ExecuteAsync(connections, "SELECT inet_server_port()"));

        await using var none = new PostgresConnections(
            new PostgresConnectionOptions { Url = $"postgres://postgres@127.0.0.1:1,127.0.0.1:{standby.Port}/postgres" }, new Secrets());
        var failure = await Assert.ThrowsAsync<NpgsqlException>(async () => await none.OpenConnectionAsync(Ct));
        Assert.True(none.IsTransient(failure), failure.ToString());
        Assert.Contains("no host that can be reached and takes writes", none.Explain(failure)!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("canary", "not a JSON object")]
    [InlineData("""{"host":"h","port":1,"dbname":"d","password":"canary"}""", "'username'")]
    [InlineData("""{"host":"h","port":1,"dbname":"d","username":"u"}""", "'password'")]
    [InlineData("""{"host":"h","port":"x","dbname":"d","username":"u","password":"canary"}""", "'port'")]
    [InlineData("""{"port":1,"dbname":"d","username":"u","password":"canary"}""", "'host'")]
    [InlineData("""{"host":"h","dbname":"d","username":"u","password":"p","password":"canary"}""", "a name twice")]
    public void What_is_wrong_with_a_secret_is_said_without_its_text(string secret, string part)
    {
        var wrong = Assert.Throws<SecretException>(
            () => PostgresConnectionText.FromSecret(secret, new PostgresConnectionOptions { SecretArn = Arn }));
        Assert.Contains(part, wrong.Message, StringComparison.Ordinal);
        Assert.Contains(Arn, wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", wrong.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rotated_password_is_read_again_once_and_then_kept()
    {
        await using var server = await PostgresServer.StartAsync(password: "first");
        var secrets = new Secrets { Text = Secret(server, "postgres", "first") };
        await using var connections = new PostgresConnections(new PostgresConnectionOptions { SecretArn = Arn }, secrets);
        await using (await connections.OpenConnectionAsync(Ct))
        {
        }

        await RotateAsync(server, "ALTER USER postgres PASSWORD 'second'");
        secrets.Text = Secret(server, "postgres", "second");

        for (var i = 0; i < 3; i++)
        {
            await ExecuteAsync(connections, "SELECT 1");
        }

        Assert.Equal(2, secrets.Reads);
    }

    [Fact]
    public async Task A_rotation_may_change_the_user_as_well()
    {
        await using var server = await PostgresServer.StartAsync(password: "first");
        var secrets = new Secrets { Text = Secret(server, "postgres", "first") };
        await using var connections = new PostgresConnections(new PostgresConnectionOptions { SecretArn = Arn }, secrets);
        await using (await connections.OpenConnectionAsync(Ct))
        {
        }

        await RotateAsync(server, "CREATE USER clone PASSWORD 'second'; ALTER USER postgres PASSWORD 'gone'");
        secrets.Text = Secret(server, "clone", "second");
        Assert.Equal("clone", await ExecuteAsync(connections, "SELECT current_user"));
    }

    [Fact]
    public async Task Wrong_credentials_are_read_again_once_and_then_an_error()
    {
        await using var server = await PostgresServer.StartAsync(password: "right");
        var secrets = new Secrets { Text = Secret(server, "postgres", "canary") };
        await using var connections = new PostgresConnections(new PostgresConnectionOptions { SecretArn = Arn }, secrets);

        var refused = await Assert.ThrowsAsync<PostgresException>(async () => await connections.OpenConnectionAsync(Ct));

        Assert.Equal(PostgresErrorCodes.InvalidPassword, refused.SqlState);
        Assert.Equal(2, secrets.Reads);
        Assert.DoesNotContain("canary", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_an_error_that_names_it()
    {
        await using var connections = new PostgresConnections(
            new PostgresConnectionOptions { Url = "postgres://u:canary@127.0.0.1:1/shop" }, new Secrets());
        var error = await Assert.ThrowsAsync<NpgsqlException>(async () => await connections.OpenConnectionAsync(Ct));
        Assert.Contains("127.0.0.1:1", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", error.ToString(), StringComparison.Ordinal);
    }

    private static async Task ReadOnlyAsync(PostgresServer server, string state)
    {
        await using var connection = new NpgsqlConnection(server.ConnectionString + ";Pooling=false;Options=-c default_transaction_read_only=off");
        await connection.OpenAsync(Ct);
        await using var command = new NpgsqlCommand($"ALTER DATABASE postgres SET default_transaction_read_only = {state}", connection);
        await command.ExecuteNonQueryAsync(Ct);
    }

    private static string Secret(PostgresServer server, string user, string password) => $$"""
        {"engine":"postgres","host":"127.0.0.1","port":{{server.Port}},"dbname":"postgres","username":"{{user}}","password":"{{password}}"}
        """;

    /// <summary>Changes the credentials and ends every connection that was opened with the old ones.</summary>
    private static async Task RotateAsync(PostgresServer server, string sql)
    {
        await using var connection = new NpgsqlConnection(server.ConnectionString + ";Pooling=false");
        await connection.OpenAsync(Ct);
        await using var command = new NpgsqlCommand(
            sql + "; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
            connection);
        await command.ExecuteNonQueryAsync(Ct);
    }

    private static async Task<object?> ExecuteAsync(PostgresConnections connections, string sql)
    {
        try
        {
            return await OnceAsync();
        }
        catch (NpgsqlException e) when (e.IsTransient || e is PostgresException { SqlState: PostgresErrorCodes.AdminShutdown })
        {
            // A pooled connection that was ended shows it at its next use.
            return await OnceAsync();
        }

        async Task<object?> OnceAsync()
        {
            await using var connection = await connections.OpenConnectionAsync(Ct);
            await using var command = new NpgsqlCommand(sql, connection);
            return await command.ExecuteScalarAsync(Ct);
        }
    }

    private sealed class Secrets : ISecretSource
    {
        private int _reads;

        public string Text { get; set; } = "";

        public int Reads => _reads;

        public Task<string> GetAsync(string arn, CancellationToken cancellationToken)
        {
            Assert.Equal(Arn, arn);
            Interlocked.Increment(ref _reads);
            return Task.FromResult(Text);
        }
    }
}
