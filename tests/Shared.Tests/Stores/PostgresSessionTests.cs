using Npgsql;
using Relaybox.Inbox;
using Relaybox.Nats;
using Relaybox.Postgres;
using Relaybox.Settings;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Which sessions the server keeps what it has planned for, and which are reset before somebody else gets them.</summary>
public sealed class PostgresSessionTests(PostgresServer server) : IAsyncLifetime
{
    private PostgresInboxHarness _store = null!;
    private PostgresConnections _connections = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _store = await PostgresInboxHarness.CreateAsync(server);
        _connections = new PostgresConnections(
            Settings().Connection with { Url = server.ConnectionString, MaxPoolSize = 1 }, new NoSecrets());
    }

    public async ValueTask DisposeAsync()
    {
        await _connections.DisposeAsync();
        await _store.DisposeAsync();
    }

    [Fact]
    public async Task What_a_handler_leaves_in_its_session_is_not_there_for_the_next()
    {
        var repository = new PostgresInboxRepository(_connections, _store.Schema.Options, TimeProvider.System, SystemEntropy.Instance);
        var first = await InHandlerAsync(repository, "first", "SET work_mem = '7MB'; CREATE TEMP TABLE left_behind (a int)");
        var second = await InHandlerAsync(repository, "second", "CREATE TEMP TABLE left_behind (a int)");

        Assert.Equal(first.ProcessId, second.ProcessId);
        Assert.NotEqual("7MB", second.WorkMemory);
    }

    // DISCARD ALL throws away what is prepared together with what is planned for functions; the server shows only the former.
    [Fact]
    public async Task A_handlers_session_is_reset_without_losing_what_the_server_has_planned_for_our_functions()
    {
        for (var use = 0; use < 3; use++)
        {
            await using var handlers = await _connections.OpenForHandlerAsync(Ct);
            await using var count = new NpgsqlCommand("SELECT count(*) FROM pg_prepared_statements", handlers);
            Assert.Equal(1L, await count.ExecuteScalarAsync(Ct));
            Assert.NotEqual("7MB", (await SessionAsync(handlers, "SET work_mem = '7MB'")).WorkMemory);
        }
    }

    [Fact]
    public async Task Behind_a_pooler_nothing_is_prepared_for_handlers()
    {
        await using var connections = new PostgresConnections(
            new PostgresConnectionOptions { Url = server.ConnectionString, Pooler = true }, new NoSecrets());
        await using var handlers = await connections.OpenForHandlerAsync(Ct);
        await using var count = new NpgsqlCommand("SELECT count(*) FROM pg_prepared_statements", handlers);
        Assert.Equal(0L, await count.ExecuteScalarAsync(Ct));
    }

    [Fact]
    public async Task A_handler_has_a_session_that_none_of_our_own_statements_has()
    {
        await using var own = await _connections.OpenConnectionAsync(Ct);
        await using var handlers = await _connections.OpenForHandlerAsync(Ct);
        Assert.NotEqual(own.ProcessID, handlers.ProcessID);
    }

    [Fact]
    public async Task Our_own_statements_are_planned_once_for_a_session()
    {
        var before = await ReadAsync(_connections, "SET work_mem = '7MB'");
        var after = await ReadAsync(_connections, "SELECT 1");
        Assert.Equal(before.ProcessId, after.ProcessId);
        Assert.Equal("7MB", after.WorkMemory);

        static async Task<(int ProcessId, string? WorkMemory)> ReadAsync(PostgresConnections connections, string sql)
        {
            await using var connection = await connections.OpenConnectionAsync(Ct);
            return await SessionAsync(connection, sql);
        }
    }

    [Fact]
    public async Task Without_kept_sessions_there_is_one_pool()
    {
        await using var connections = new PostgresConnections(
            new PostgresConnectionOptions { Url = server.ConnectionString, MaxPoolSize = 1 }, new NoSecrets());
        int own;
        await using (var connection = await connections.OpenConnectionAsync(Ct))
        {
            own = (await SessionAsync(connection, "SET work_mem = '7MB'")).ProcessId;
        }

        await using var handlers = await connections.OpenForHandlerAsync(Ct);
        Assert.Equal(own, handlers.ProcessID);
        Assert.NotEqual("7MB", (await SessionAsync(handlers, "SELECT 1")).WorkMemory);
    }

    private static PostgresSettings Settings()
    {
        var variables = new Dictionary<string, string>
        {
            ["STORE"] = "postgres",
            ["DATABASE_URL"] = "postgres://u:p@127.0.0.1/shop",
            ["BROKER"] = "nats",
            ["NATS_URL"] = "nats://127.0.0.1:4222",
        };
        var settings = RelayboxSettings.Read(
            variables.GetValueOrDefault, FunctionNeeds.Inbox | FunctionNeeds.Stream, [new PostgresStore()], [new NatsBroker()]);
        return (PostgresSettings)settings.Store!;
    }

    private static async Task<(int ProcessId, string? WorkMemory)> InHandlerAsync(PostgresInboxRepository repository, string eventId, string sql)
    {
        var claim = (InboxClaim.Claimed)Assert.Single(
            await repository.ClaimAsync("billing", [Sample.Message(eventId)], TimeSpan.FromMinutes(1), 5, Ct));
        await using var transaction = await repository.BeginAsync(claim, Ct);
        var session = await SessionAsync((await transaction.GetNpgsqlTransactionAsync(Ct)).Connection!, sql);
        Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        return session;
    }

    private static async Task<(int ProcessId, string? WorkMemory)> SessionAsync(NpgsqlConnection connection, string sql)
    {
        await using var show = new NpgsqlCommand("SHOW work_mem", connection);
        var memory = (string?)await show.ExecuteScalarAsync(Ct);
        await using var change = new NpgsqlCommand(sql, connection);
        await change.ExecuteNonQueryAsync(Ct);
        return (connection.ProcessID, memory);
    }
}
