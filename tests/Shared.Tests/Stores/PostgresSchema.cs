using System.Data.Common;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Sql;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>
/// A schema of its own on the test server, and a clock that a test can move: before the schema is migrated it gets
/// functions <c>now</c> and <c>clock_timestamp</c> of its own, which its connections find before the server's.
/// </summary>
public sealed class PostgresSchema : SqlSchema
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

    public override IReadOnlyList<string> Files => [.. PostgresSchemaFiles.All.Select(file => file.Name)];

    protected override DbDataSource Source => DataSource;

    protected override string Clock => "SELECT {{schema}}.clock_timestamp()";

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

    public override Task<IReadOnlyList<string>> MigrateAsync() => Migrator().MigrateAsync(CancellationToken.None);

    public override Task EnsureCreatedAsync(string? outboxTable = null) =>
        Migrator(Options with { OutboxTable = outboxTable ?? Options.OutboxTable }).EnsureCreatedAsync(CancellationToken.None);

    /// <summary>The same database through other connections: another role, a proxy, other settings. The caller disposes it.</summary>
    public NpgsqlDataSource Connect(Action<NpgsqlConnectionStringBuilder> configure)
    {
        var builder = new NpgsqlConnectionStringBuilder(_connectionString);
        configure(builder);
        return NpgsqlDataSource.Create(builder.ConnectionString);
    }

    public override Task PassAsync(TimeSpan time) => ExecuteAsync("UPDATE {{schema}}.test_clock SET passed = passed + $1", time);

    public override string Parameter(int number) => $"${number}";

    public override string Fill(string sql) => SchemaFile.Render(sql, new PostgresNames(Options).Fill);

    public override async ValueTask DisposeAsync()
    {
        await ExecuteAsync("DROP SCHEMA IF EXISTS {{schema}} CASCADE");
        await DataSource.DisposeAsync();
    }

    protected override string Text(DbDataReader reader, int i) => reader.GetValue(i) is DateTime time
        ? time.ToString("O", CultureInfo.InvariantCulture)
        : Convert.ToString(reader.GetValue(i), CultureInfo.InvariantCulture) ?? "";
}
