using Npgsql;
using Relaybox.Testing;

namespace Relaybox.Functions.Tests.Support;

/// <summary>
/// The functions on PostgreSQL and SQS. Setup connects as a user who owns the schema and is no superuser, the other
/// functions as a user who may connect and nothing else, and apps as a third.
/// </summary>
public sealed class PostgresFunctionWorld : IAsyncDisposable
{
    // The number of an advisory lock.
    private const int RightsOfTheDatabase = 1;

    private readonly PostgresServer _server;
    private readonly FunctionWorld _world;

    private PostgresFunctionWorld(PostgresServer server, FunctionWorld world)
    {
        _server = server;
        _world = world;
        Schema = PostgresServer.UniqueSchema();
    }

    /// <summary>The queues, and the functions.</summary>
    public FunctionWorld Inner => _world;

    public string Schema { get; }

    public string Owner => $"{Schema}_owner";

    public string FunctionsUser => $"{Schema}_functions";

    public string AppUser => $"{Schema}_shop";

    public static async Task<PostgresFunctionWorld> CreateAsync(PostgresServer server, DynamoDbLocal dynamoDb, SqsEmulator sqs)
    {
        var world = new PostgresFunctionWorld(server, await FunctionWorld.CreateAsync(dynamoDb, sqs));

        // The lock is held until all is granted: the server refuses two changes of a database's rights at the same time.
        await world.ExecuteAsync(
            $"""
            SELECT pg_advisory_xact_lock({RightsOfTheDatabase});
            CREATE ROLE {world.Owner} LOGIN CREATEROLE;
            GRANT CREATE ON DATABASE postgres TO {world.Owner};
            CREATE ROLE {world.FunctionsUser} LOGIN;
            CREATE ROLE {world.AppUser} LOGIN;
            """);
        world.Set("STORE", "postgres");
        world.Set("DATABASE_SCHEMA", world.Schema);
        world.Set("DATABASE_ROLE_PREFIX", world.Schema);
        world.Set("DATABASE_FUNCTIONS_USER", world.FunctionsUser);
        world.Set("DATABASE_APP_USERS", world.AppUser);
        world.Set("OUTBOX_TABLE", "outbox");
        world.Set("INBOX_TABLE", "inbox");
        world.Set("JOBS_TABLE", "jobs");
        world.Set("EFFECTS_TABLE", "effects");
        world.Set("SWEEP_LISTEN_SECONDS", "0");
        return world;
    }

    public void Set(string name, string value) => _world.Set(name, value);

    public string? Get(string name) => _world.Get(name);

    /// <summary>Through which the functions connect; null: they connect to the server.</summary>
    public PgBouncer? Pooler
    {
        get;
        set
        {
            field = value;
            Set("DATABASE_POOLER", value is null ? "false" : "true");
        }
    }

    public string Url(string user) => $"postgres://{user}@127.0.0.1:{Pooler?.Port ?? _server.Port}/postgres";

    /// <summary>Invokes Setup as the owner, any other function as its user.</summary>
    public Task<string> InvokeAsync(string function, string input = "{}", TimeSpan? remaining = null)
    {
        Set("DATABASE_URL", Url(function == "Setup" ? Owner : FunctionsUser));
        return InvokeAsConfiguredAsync(function, input, remaining);
    }

    public Task<string> InvokeAsConfiguredAsync(string function, string input = "{}", TimeSpan? remaining = null) =>
        _world.InvokeAsync(function, input, remaining);

    /// <summary>Setup, then an event from its row to its one effect, then every job: all have to succeed.</summary>
    public async Task UseEveryFunctionAsync()
    {
        await InvokeAsync("Setup");
        await ExecuteAsAsync(
            AppUser, "INSERT INTO outbox (event_id, subject, payload, ordering_key) VALUES ('e-1', 'orders.placed', '{}', 'k')");

        Assert.Contains("\"affected\":1", await InvokeAsync("SweepRelay"), StringComparison.Ordinal);
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(Rows.Success, await InvokeAsync("Consume", Rows.SqsEvent(($"m-{i}", Rows.Envelope("e-1")))));
        }

        Assert.Equal(1, await ScalarAsync("SELECT applied FROM effects WHERE event_id = 'e-1'"));
        foreach (var job in new[] { "Cleanup", "ResetStale", "Reconcile" })
        {
            Assert.Contains("\"complete\":true", await InvokeAsync(job), StringComparison.Ordinal);
        }
    }

    /// <summary>Runs SQL as the superuser.</summary>
    public Task ExecuteAsync(string sql) => ExecuteAsAsync("postgres", sql);

    public async Task ExecuteAsAsync(string user, string sql)
    {
        await using var connection = await ConnectAsync(user);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<object?> ScalarAsync(string sql)
    {
        await using var connection = await ConnectAsync("postgres");
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    public async ValueTask DisposeAsync()
    {
        // What the functions keep pooled nobody uses any more, and the server's slots are few.
        await ExecuteAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename IN ('{Owner}', '{FunctionsUser}')");
        await ExecuteAsync($"DROP SCHEMA IF EXISTS {Schema} CASCADE");
        await _world.DisposeAsync();
    }

    private async Task<NpgsqlConnection> ConnectAsync(string user)
    {
        var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(_server.ConnectionString) { Username = user, Pooling = false, SearchPath = Schema }.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }
}
