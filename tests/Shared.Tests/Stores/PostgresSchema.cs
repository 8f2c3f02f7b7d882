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

            // A schema that no test uses keeps no connections.
            ConnectionIdleLifetime = 3,
            ConnectionPruningInterval = 1,
        }.ConnectionString;
        DataSource = NpgsqlDataSource.Create(_connectionString);
    }

    public PostgresOptions Options { get; }

    public NpgsqlDataSource DataSource { get; }

    public override IReadOnlyList<string> Files => [.. PostgresSchemaFiles.All.Select(file => file.Name)];

    protected override DbDataSource Source => DataSource;

    protected override string Clock => "SELECT {{schema}}.clock_timestamp()";

    /// <summary>A schema with all of its tables.</summary>
    /// <param name="server">The server.</param>
    /// <param name="options">The names, but for the schema's.</param>
    /// <param name="more">Further statements that it is made with.</param>
    /// <param name="use">What is kept with it, where that is something.</param>
    public static Task<PostgresSchema> CreateAsync(
        PostgresServer server, PostgresOptions? options = null, string more = "", string use = "") =>
        TakeAsync(server, options, more, () => CreateEmptyAsync(server, options), use);

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

    /// <summary>Inserts many rows, and asks neither the tests' clock nor the order of keys for each: that would take most of the time.</summary>
    /// <param name="columns">The columns.</param>
    /// <param name="query">Their values, from a query that may name <c>clock.now</c>.</param>
    public Task InsertManyAsync(string columns, string query) => ExecuteAsync(
        $$$"""
        ALTER TABLE {{outbox}} DISABLE TRIGGER {{outbox:keep_order}};
        WITH clock AS MATERIALIZED (SELECT now() AS now)
        INSERT INTO {{outbox}} ({{{columns}}}) {{{query}}};
        ALTER TABLE {{outbox}} ENABLE TRIGGER {{outbox:keep_order}}
        """);

    public override Task PassAsync(TimeSpan time) => ExecuteAsync("UPDATE {{schema}}.test_clock SET passed = passed + $1", time);

    public override string Parameter(int number) => $"${number}";

    public override string Fill(string sql) => SchemaFile.Render(sql, new PostgresNames(Options).Fill);

    protected override async Task<string> DescribeAsync() => (string)(await ScalarAsync(
        """
        WITH schema AS (SELECT $1::regnamespace AS id),
        tables AS (SELECT c.* FROM pg_class c, schema WHERE c.relnamespace = schema.id),
        objects AS (
            SELECT format('schema %s', n.nspacl) AS object FROM pg_namespace n, schema WHERE n.oid = schema.id
            UNION ALL SELECT format('%s %s %s %s %s', t.relkind, t.relname, t.relowner, t.relacl, t.reloptions) FROM tables t
            UNION ALL SELECT format('%s.%s %s %s %s %s', t.relname, a.attname, a.atttypid, a.attnotnull, a.attacl, a.attstorage)
                FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid
            UNION ALL SELECT format('%s.%s', t.relname, pg_get_constraintdef(o.oid)) FROM tables t JOIN pg_constraint o ON o.conrelid = t.oid
            UNION ALL SELECT format('%s.%s %s', t.relname, g.tgname, g.tgenabled) FROM tables t JOIN pg_trigger g ON g.tgrelid = t.oid
                WHERE NOT g.tgisinternal
            UNION ALL SELECT format('%s %s %s %s %s', p.proname, p.proargtypes, p.proacl, p.proconfig, md5(p.prosrc))
                FROM pg_proc p, schema WHERE p.pronamespace = schema.id
            UNION ALL SELECT format('%s', m) FROM {{schema}}.migrations m)
        SELECT string_agg(object, E'\n' ORDER BY object) FROM objects
        """,
        Options.Schema))!;

    protected override Task EmptyAsync() => ExecuteAsync(
        """
        SET LOCAL lock_timeout = '2s';
        DO $$
        DECLARE
            relation pg_class;
        BEGIN
            FOR relation IN SELECT * FROM pg_class WHERE relnamespace = '{{schema}}'::regnamespace AND relname NOT IN ('migrations', 'test_clock')
            LOOP
                IF relation.relkind = 'S' THEN
                    PERFORM setval(relation.oid, 1, false);
                ELSIF relation.relkind = 'r' AND pg_relation_size(relation.oid) > 0 THEN
                    EXECUTE format('TRUNCATE %s CASCADE', relation.oid::regclass);
                END IF;
            END LOOP;
        END $$;
        UPDATE {{schema}}.test_clock SET passed = '0'
        """);

    protected override async ValueTask DropAsync()
    {
        await ExecuteAsync("DROP SCHEMA IF EXISTS {{schema}} CASCADE");
        await DataSource.DisposeAsync();
    }

    protected override string Text(DbDataReader reader, int i) => reader.GetValue(i) is DateTime time
        ? time.ToString("O", CultureInfo.InvariantCulture)
        : Convert.ToString(reader.GetValue(i), CultureInfo.InvariantCulture) ?? "";
}
