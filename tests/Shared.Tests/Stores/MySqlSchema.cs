using System.Data.Common;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using MySqlConnector;
using Relaybox.MySql;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Sql;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>A schema of its own on the test server, and a clock that a test can move: a row says how much time has passed.</summary>
public sealed class MySqlSchema : SqlSchema
{
    private readonly string _connectionString;

    private MySqlSchema(string connectionString, MySqlOptions options)
    {
        Options = options;
        _connectionString = connectionString;
        DataSource = Connect(_ => { });
    }

    public MySqlOptions Options { get; }

    public MySqlDataSource DataSource { get; }

    public override IReadOnlyList<string> Files => [.. MySqlSchemaFiles.All.Select(file => file.Name)];

    protected override DbDataSource Source => DataSource;

    protected override string Clock => "SELECT {{now}}";

    /// <summary>A schema with all of its tables.</summary>
    /// <param name="server">The server.</param>
    /// <param name="options">The names, but for the schema's.</param>
    /// <param name="more">Further statements that it is made with.</param>
    public static Task<MySqlSchema> CreateAsync(MySqlServer server, MySqlOptions? options = null, string more = "") =>
        TakeAsync(server, options, more, () => CreateEmptyAsync(server, options));

    /// <summary>A schema with nothing in it but its clock.</summary>
    public static async Task<MySqlSchema> CreateEmptyAsync(MySqlServer server, MySqlOptions? options = null)
    {
        var name = MySqlServer.UniqueSchema();
        var schema = new MySqlSchema(
            server.ConnectionString,
            (options ?? new MySqlOptions()) with
            {
                Schema = name,
                Now = $"(UTC_TIMESTAMP(6) + INTERVAL (SELECT passed FROM `{name}`.test_clock) MICROSECOND)",
            });
        await schema.ExecuteAsync(
            """
            CREATE DATABASE {{schema}} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
            CREATE TABLE {{schema}}.test_clock (passed BIGINT NOT NULL);
            INSERT INTO {{schema}}.test_clock VALUES (0);
            """);
        return schema;
    }

    public MySqlMigrator Migrator(MySqlOptions? options = null, ILogger<MySqlMigrator>? logger = null) =>
        new(new MySqlConnections(DataSource), options ?? Options, logger ?? NullLogger<MySqlMigrator>.Instance);

    public override Task<IReadOnlyList<string>> MigrateAsync() => Migrator().MigrateAsync(CancellationToken.None);

    public override Task EnsureCreatedAsync(string? outboxTable = null) =>
        Migrator(Options with { OutboxTable = outboxTable ?? Options.OutboxTable }).EnsureCreatedAsync(CancellationToken.None);

    /// <summary>The same server through other connections: another user, a proxy, other settings. The caller disposes it.</summary>
    public MySqlDataSource Connect(Action<MySqlConnectionStringBuilder> configure)
    {
        // A schema that no test uses keeps no connections.
        var builder = new MySqlConnectionStringBuilder(_connectionString) { ConnectionIdleTimeout = 3 };
        configure(builder);
        return MySqlSession.CreateDataSource(builder.ConnectionString);
    }

    /// <summary>A user of the server who has what is granted; the caller disposes it.</summary>
    /// <param name="grants">What stands between GRANT and TO, with the placeholders of the schema's files.</param>
    public async Task<MySqlTestUser> CreateUserAsync(params string[] grants)
    {
        var user = new MySqlTestUser(this);
        await ExecuteAsync($"CREATE USER {user.Name} IDENTIFIED BY '{MySqlTestUser.Password}'");
        foreach (var grant in grants)
        {
            await ExecuteAsync($"GRANT {grant} TO {user.Name}");
        }

        return user;
    }

    public override Task PassAsync(TimeSpan time) =>
        ExecuteAsync("UPDATE {{schema}}.test_clock SET passed = passed + ?", (long)time.TotalMicroseconds);

    public override string Parameter(int number) => "?";

    public override string Fill(string sql) => SchemaFile.Render(sql, new MySqlNames(Options).Fill);

    protected override async Task<string> DescribeAsync()
    {
        const string Objects =
            """
            SELECT CONCAT_WS(' ', table_name, column_name, column_type, is_nullable, column_default, extra, generation_expression) AS object
                FROM information_schema.columns WHERE table_schema = ?
            UNION ALL SELECT CONCAT_WS(' ', table_name, index_name, seq_in_index, column_name, non_unique)
                FROM information_schema.statistics WHERE table_schema = ?
            UNION ALL SELECT CONCAT_WS(' ', table_name, constraint_name, constraint_type)
                FROM information_schema.table_constraints WHERE constraint_schema = ?
            UNION ALL SELECT CONCAT_WS(' ', trigger_name, action_statement) FROM information_schema.triggers WHERE trigger_schema = ?
            UNION ALL SELECT CONCAT_WS(' ', routine_name, routine_definition) FROM information_schema.routines WHERE routine_schema = ?
            UNION ALL SELECT CONCAT_WS(' ', name, checksum, tables) FROM {{schema}}.migrations
            UNION ALL SELECT COUNT(*) FROM {{outbox.keys}}
            """;
        var objects = await QueryAsync(
            $"SELECT object FROM ({Objects}) objects ORDER BY object", [.. Enumerable.Repeat(Options.Schema, 5)]);
        return string.Join('\n', objects.Select(row => row["object"]));
    }

    protected override async Task EmptyAsync()
    {
        var tables = await QueryAsync(
            "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = ? AND table_name NOT IN ('migrations', 'test_clock', ?)",
            Options.Schema,
            MySqlIdentifier.Derive(Options.OutboxTable, "keys"));
        await ExecuteAsync(
            $$$"""
            SET SESSION innodb_lock_wait_timeout = 2, SESSION lock_wait_timeout = 2, SESSION foreign_key_checks = 0;
            {{{string.Concat(tables.Select(table => $"DELETE FROM {{{{schema}}}}.`{table["name"]}`;\n"))}}}
            UPDATE {{outbox.keys}} SET last_number = 0 WHERE last_number <> 0;
            UPDATE {{schema}}.test_clock SET passed = 0
            """);
    }

    protected override async ValueTask DropAsync()
    {
        await ExecuteAsync("DROP DATABASE IF EXISTS {{schema}}");
        await DataSource.DisposeAsync();
    }

    protected override string Text(DbDataReader reader, int i) => reader.GetValue(i) switch
    {
        DateTime time => DateTime.SpecifyKind(time, DateTimeKind.Utc).ToString("O", CultureInfo.InvariantCulture),
        byte[] bytes => Columns.Text(reader, i) ?? Convert.ToHexStringLower(bytes),
        var value => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };
}
