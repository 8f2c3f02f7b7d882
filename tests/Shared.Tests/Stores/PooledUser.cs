using Npgsql;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>
/// A user of the test server who connects through a pooler, as the functions do with <c>DATABASE_POOLER</c>, and gets
/// another connection to the server with each transaction. He finds the clock of one schema.
/// </summary>
internal sealed class PooledUser : IAsyncDisposable
{
    private readonly PostgresSchema _schema;

    private PooledUser(PostgresSchema schema, string name, PostgresConnectionOptions options)
    {
        _schema = schema;
        Name = name;
        Options = options;
        DataSource = NpgsqlDataSource.Create(PostgresConnectionText.FromUrl(options));
    }

    public string Name { get; }

    public PostgresConnectionOptions Options { get; }

    public NpgsqlDataSource DataSource { get; }

    public static async Task<PooledUser> CreateAsync(PostgresSchema schema, PgBouncer pooler)
    {
        // A pooler refuses a search path, which the tests' clock needs; the user brings it along.
        var name = $"pooled_{Guid.NewGuid():N}";
        await schema.ExecuteAsync($"CREATE ROLE {name} LOGIN SUPERUSER");
        await schema.ExecuteAsync($"ALTER ROLE {name} SET search_path = {{{{schema}}}}, pg_catalog");
        var user = new PooledUser(
            schema, name, new PostgresConnectionOptions { Url = $"postgres://{name}@127.0.0.1:{pooler.Port}/postgres", Pooler = true });
        await user.FillPoolAsync();
        return user;
    }

    /// <summary>An empty outbox whose repositories connect through a pooler.</summary>
    public static async Task<OutboxHarness> CreateOutboxAsync(PostgresServer server, PgBouncer pooler)
    {
        var owner = await PostgresOutboxHarness.CreateAsync(server, use: Of(pooler));
        var user = await owner.Schema.KeepAsync(() => CreateAsync(owner.Schema, pooler));
        return new OutboxThrough(owner, () => owner.CreateRepository(user.DataSource), connections: null);
    }

    /// <summary>The use of a schema with which a user of a pooler is kept.</summary>
    public static string Of(PgBouncer pooler) => $"pooler {pooler.Port}";

    public async Task<int> ServerProcessAsync()
    {
        await using var command = DataSource.CreateCommand("SELECT pg_backend_pid()");
        return (int)(await command.ExecuteScalarAsync())!;
    }

    public async ValueTask DisposeAsync()
    {
        await DataSource.DisposeAsync();
        await _schema.ExecuteAsync($"DROP OWNED BY {Name}");
        await _schema.ExecuteAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{Name}'");
        await _schema.ExecuteAsync($"DROP ROLE {Name}");
    }

    // A pool grows only when transactions meet; with one connection there would be nothing to mix up.
    private async Task FillPoolAsync()
    {
        var open = new List<NpgsqlConnection>();
        for (var i = 0; i < PgBouncer.PoolSize; i++)
        {
            var connection = await DataSource.OpenConnectionAsync();
            open.Add(connection);
            await using var begin = new NpgsqlCommand("BEGIN; SELECT 1", connection);
            await begin.ExecuteNonQueryAsync();
        }

        foreach (var connection in open)
        {
            await using (var end = new NpgsqlCommand("ROLLBACK", connection))
            {
                await end.ExecuteNonQueryAsync();
            }

            await connection.DisposeAsync();
        }
    }
}
