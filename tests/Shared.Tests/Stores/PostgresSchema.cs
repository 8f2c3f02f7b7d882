using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Relaybox.Postgres;
using Relaybox.Sql;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>
/// A schema of its own on the test server, and a clock that a test can move: before the schema is migrated it gets
/// functions <c>now</c> and <c>clock_timestamp</c> of its own, which its connections find before the server's.
/// </summary>
public sealed class PostgresSchema : IAsyncDisposable
{
    private readonly string _connectionString;

    private PostgresSchema(string connectionString, PostgresOptions options)
    {
        Options = options;
        _connectionString = new NpgsqlConnectionStringBuilder(connectionString)
        {
            SearchPath = $"{options.Schema},pg_catalog",
            IncludeErrorDetail = true,
        }.ConnectionString;
        DataSource = NpgsqlDataSource.Create(_connectionString);
    }

    public PostgresOptions Options { get; }

    public NpgsqlDataSource DataSource { get; }

    /// <summary>A schema with all of its tables.</summary>
    public static async Task<PostgresSchema> CreateAsync(PostgresServer server, PostgresOptions? options = null)
    {
        var schema = await CreateEmptyAsync(server, options);
        await schema.MigrateAsync();
        return schema;
    }

    /// <summary>A schema with nothing in it but its clock.</summary>
    public static async Task<PostgresSchema> CreateEmptyAsync(PostgresServer server, PostgresOptions? options = null)
    {
        var schema = new PostgresSchema(
            server.ConnectionString, (options ?? new PostgresOptions()) with { Schema = PostgresServer.UniqueSchema() });
        await schema.ExecuteAsync(
            """
            CREATE SCHEMA {{schema}};
            CREATE TABLE {{schema}}.test_clock (passed interval NOT NULL);
            INSERT INTO {{schema}}.test_clock VALUES ('0');
            CREATE FUNCTION {{schema}}.now() RETURNS timestamptz LANGUAGE sql STABLE SECURITY DEFINER AS
                'SELECT pg_catalog.now() + passed FROM {{schema}}.test_clock';
            CREATE FUNCTION {{schema}}.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE SECURITY DEFINER AS
                'SELECT pg_catalog.clock_timestamp() + passed FROM {{schema}}.test_clock';
            """);
        return schema;
    }

    public PostgresMigrator Migrator(PostgresOptions? options = null) =>
        new(new PostgresConnections(DataSource), options ?? Options, NullLogger<PostgresMigrator>.Instance);

    public Task MigrateAsync() => Migrator().MigrateAsync(CancellationToken.None);

    /// <summary>The same database through other connections: another role, a proxy, other settings. The caller disposes it.</summary>
    public NpgsqlDataSource Connect(Action<NpgsqlConnectionStringBuilder> configure)
    {
        var builder = new NpgsqlConnectionStringBuilder(_connectionString);
        configure(builder);
        return NpgsqlDataSource.Create(builder.ConnectionString);
    }

    /// <summary>Lets time pass, for everything in the schema.</summary>
    public Task PassAsync(TimeSpan time) => ExecuteAsync("UPDATE {{schema}}.test_clock SET passed = passed + $1", time);

    public async Task<DateTimeOffset> NowAsync() =>
        new((DateTime)(await ScalarAsync("SELECT {{schema}}.clock_timestamp()"))!, TimeSpan.Zero);

    /// <summary>Runs SQL by hand; the placeholders are those of the migrations.</summary>
    public async Task<int> ExecuteAsync(string sql, params object?[] parameters)
    {
        await using var command = Command(sql, parameters);
        return await command.ExecuteNonQueryAsync();
    }

    /// <inheritdoc cref="ExecuteAsync"/>
    public async Task<object?> ScalarAsync(string sql, params object?[] parameters)
    {
        await using var command = Command(sql, parameters);
        return await command.ExecuteScalarAsync();
    }

    /// <summary>Every row of a query, every value as text; nulls are left out.</summary>
    public async Task<IReadOnlyList<IReadOnlyDictionary<string, string>>> QueryAsync(string sql, params object?[] parameters)
    {
        await using var command = Command(sql, parameters);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<IReadOnlyDictionary<string, string>>();
        while (await reader.ReadAsync())
        {
            var row = new Dictionary<string, string>();
            for (var i = 0; i < reader.FieldCount; i++)
            {
                if (!reader.IsDBNull(i))
                {
                    row[reader.GetName(i)] = Text(reader.GetValue(i));
                }
            }

            rows.Add(row);
        }

        return rows;
    }

    public string Fill(string sql) => SchemaFile.Render(sql, new PostgresNames(Options).Fill);

    public async ValueTask DisposeAsync()
    {
        await ExecuteAsync("DROP SCHEMA IF EXISTS {{schema}} CASCADE");
        await DataSource.DisposeAsync();
    }

    private NpgsqlCommand Command(string sql, object?[] parameters)
    {
        var command = DataSource.CreateCommand(Fill(sql));
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new() { Value = parameter is DateTimeOffset time ? time.UtcDateTime : parameter ?? DBNull.Value });
        }

        return command;
    }

    private static string Text(object value) => value is DateTime time
        ? time.ToString("O", CultureInfo.InvariantCulture)
        : Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
}
