using Npgsql;
using Relaybox.Postgres;
using Relaybox.Secrets;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>What a pooler says of passwords and of a server that is not there, which is not what the server would say.</summary>
public sealed class PostgresPoolerFaultTests
{
    private const string Arn = "arn:aws:secretsmanager:eu-central-2:123456789012:secret:db-AbCdEf";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_rotated_password_is_read_again_once_and_then_kept()
    {
        await using var server = await PostgresServer.StartAsync(password: "right");
        await using var pooler = await PgBouncer.StartAsync(server, asksForPassword: true);
        await ExecuteAsync(server, "CREATE USER worker PASSWORD 'first'");
        var secrets = new Secrets { Text = Secret(pooler, "worker", "first") };
        await using var connections = Connections(secrets);
        Assert.Equal("worker", await AskAsync(connections));

        await ExecuteAsync(server, "ALTER USER worker PASSWORD 'second'");
        secrets.Text = Secret(pooler, "worker", "second");
        await using var other = Connections(new Secrets { Text = Secret(pooler, "worker", "first") });
        await Assert.ThrowsAsync<PostgresException>(async () => await other.OpenConnectionAsync(Ct));

        // As many at once as need new connections.
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => Task.Run(() => AskAsync(connections), Ct)));
        Assert.Equal(2, secrets.Reads);
    }

    [Theory]
    [InlineData("worker", "wrong")]
    [InlineData("nobody", "canary")]
    public async Task Credentials_that_the_pooler_refuses_are_read_again_once_and_then_an_error(string user, string password)
    {
        await using var server = await PostgresServer.StartAsync(password: "right");
        await using var pooler = await PgBouncer.StartAsync(server, asksForPassword: true);
        await ExecuteAsync(server, "CREATE USER worker PASSWORD 'first'");
        var secrets = new Secrets { Text = Secret(pooler, user, password) };
        await using var connections = Connections(secrets);

        var refused = await Assert.ThrowsAsync<PostgresException>(async () => await connections.OpenConnectionAsync(Ct));

        Assert.Equal(2, secrets.Reads);
        Assert.DoesNotContain("canary", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_started_again_behind_the_pooler_is_waited_for()
    {
        await using var server = await PostgresServer.StartAsync();
        await using var pooler = await PgBouncer.StartAsync(server, asksForPassword: false);
        var options = new PostgresOptions { Schema = PostgresServer.UniqueSchema() };
        await using var connections = new PostgresConnections(
            new PostgresConnectionOptions { Url = $"postgres://postgres@127.0.0.1:{pooler.Port}/postgres", Pooler = true }, new Secrets());
        await new PostgresMigrator(connections, options, new RecordingLogger<PostgresMigrator>()).MigrateAsync(Ct);
        var repository = new PostgresOutboxRepository(connections, options, TimeProvider.System, SystemEntropy.Instance);
        for (var i = 0; i < 3; i++)
        {
            await repository.FindOrCreateAsync(Sample.Event($"e-{i}"), Ct);
            await server.CrashAndRestartAsync();
            Assert.Equal($"e-{i}", Assert.Single(await repository.ClaimAsync(10, TimeSpan.FromMinutes(5), Ct)).EventId);
        }
    }

    [Fact]
    public async Task While_the_server_is_away_marks_are_given_back_as_unrecorded()
    {
        await using var server = await PostgresServer.StartAsync();
        await using var pooler = await PgBouncer.StartAsync(server, asksForPassword: false, patienceSeconds: 1);
        var options = new PostgresOptions { Schema = PostgresServer.UniqueSchema() };
        await using var connections = new PostgresConnections(
            new PostgresConnectionOptions { Url = $"postgres://postgres@127.0.0.1:{pooler.Port}/postgres?Timeout=1", Pooler = true }, new Secrets());
        await new PostgresMigrator(connections, options, new RecordingLogger<PostgresMigrator>()).MigrateAsync(Ct);
        var repository = new PostgresOutboxRepository(connections, options, TimeProvider.System, SystemEntropy.Instance);
        await repository.FindOrCreateAsync(Sample.Event("e-1"), Ct);
        var claim = Assert.Single(await repository.ClaimAsync(10, TimeSpan.FromMinutes(5), Ct));
        await server.StopAtOnceAsync();

        var marked = await repository.MarkSentAsync([new(claim.EventId, claim.Token)], Ct);

        Assert.Equal((0, 0), (marked.Applied, marked.Late.Count));
        Assert.Equal("e-1", Assert.Single(marked.Unrecorded));
    }

    private static PostgresConnections Connections(Secrets secrets) =>
        new(new PostgresConnectionOptions { SecretArn = Arn, Pooler = true }, secrets);

    private static string Secret(PgBouncer pooler, string user, string password) => $$"""
        {"engine":"postgres","host":"127.0.0.1","port":{{pooler.Port}},"dbname":"postgres","username":"{{user}}","password":"{{password}}"}
        """;

    private static async Task ExecuteAsync(PostgresServer server, string sql)
    {
        await using var command = server.DataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Ct);
    }

    private static async Task<object?> AskAsync(PostgresConnections connections)
    {
        await using var connection = await connections.OpenConnectionAsync(Ct);
        await using var command = new NpgsqlCommand("SELECT current_user::text, pg_sleep(0.1)", connection);
        return await command.ExecuteScalarAsync(Ct);
    }

    private sealed class Secrets : ISecretSource
    {
        private int _reads;

        public string Text { get; set; } = "";

        public int Reads => _reads;

        public Task<string> GetAsync(string arn, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _reads);
            return Task.FromResult(Text);
        }
    }
}
