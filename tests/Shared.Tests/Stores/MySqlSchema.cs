using System.Data.Common;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using MySqlConnector;
using Relaybox.MySql;
using Relaybox.Sql;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>A schema of its own on the test server, and a clock that a test can move: a row says how much time has passed.</summary>
public sealed class MySqlSchema : IAsyncDisposable
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

    /// <summary>A schema with all of its tables.</summary>
    public static async Task<MySqlSchema> CreateAsync(MySqlServer server, MySqlOptions? options = null)
    {
        var schema = await CreateEmptyAsync(server, options);
        await schema.MigrateAsync();
        return schema;
    }

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

    public Task MigrateAsync() => Migrator().MigrateAsync(CancellationToken.None);

    /// <summary>The same server through other connections: another user, a proxy, other settings. The caller disposes it.</summary>
    public MySqlDataSource Connect(Action<MySqlConnectionStringBuilder> configure)
    {
        var builder = new MySqlConnectionStringBuilder(_connectionString);
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

    /// <summary>Lets time pass, for everything in the schema.</summary>
    public Task PassAsync(TimeSpan time) => ExecuteAsync("UPDATE {{schema}}.test_clock SET passed = passed + ?", (long)time.TotalMicroseconds);

    public async Task<DateTimeOffset> NowAsync() => new((DateTime)(await ScalarAsync("SELECT {{now}}"))!, TimeSpan.Zero);

    /// <summary>Runs SQL by hand; the placeholders are those of the schema's files, and <c>?</c> stands for the next parameter.</summary>
    public async Task<int> ExecuteAsync(string sql, params object?[] parameters)
    {
        await using var connection = await DataSource.OpenConnectionAsync();
        await using var command = Command(connection, sql, parameters);
        return await command.ExecuteNonQueryAsync();
    }

    /// <inheritdoc cref="ExecuteAsync"/>
    public async Task<object?> ScalarAsync(string sql, params object?[] parameters)
    {
        await using var connection = await DataSource.OpenConnectionAsync();
        await using var command = Command(connection, sql, parameters);
        return await command.ExecuteScalarAsync();
    }

    /// <summary>Every row of a query, every value as text; nulls are left out.</summary>
    public async Task<IReadOnlyList<IReadOnlyDictionary<string, string>>> QueryAsync(string sql, params object?[] parameters)
    {
        await using var connection = await DataSource.OpenConnectionAsync();
        await using var command = Command(connection, sql, parameters);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<IReadOnlyDictionary<string, string>>();
        while (await reader.ReadAsync())
        {
            rows.Add(Enumerable.Range(0, reader.FieldCount)
                .Where(i => !reader.IsDBNull(i))
                .ToDictionary(reader.GetName, i => Text(reader, i)));
        }

        return rows;
    }

    public string Fill(string sql) => SchemaFile.Render(sql, new MySqlNames(Options).Fill);

    public async ValueTask DisposeAsync()
    {
        await ExecuteAsync("DROP DATABASE IF EXISTS {{schema}}");
        await DataSource.DisposeAsync();
    }

    private MySqlCommand Command(MySqlConnection connection, string sql, object?[] parameters)
    {
        var command = new MySqlCommand(Fill(sql), connection);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new() { Value = parameter is DateTimeOffset time ? time.UtcDateTime : parameter });
        }

        return command;
    }

    private static string Text(DbDataReader reader, int i) => reader.GetValue(i) switch
    {
        DateTime time => DateTime.SpecifyKind(time, DateTimeKind.Utc).ToString("O", CultureInfo.InvariantCulture),
        byte[] bytes => Columns.Text(reader, i) ?? Convert.ToHexStringLower(bytes),
        var value => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };
}
