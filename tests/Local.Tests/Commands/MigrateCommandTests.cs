using System.Diagnostics;
using MySqlConnector;
using Relaybox.Local.Running;
using Relaybox.Testing;

namespace Relaybox.Local.Tests.Commands;

/// <summary>The program as a person runs it against a database.</summary>
public sealed class MigrateCommandTests(PostgresServer postgres, MySqlServer mySql)
{
    private string Url => $"postgres://postgres@127.0.0.1:{postgres.Port}/postgres";

    [Fact]
    public async Task A_schema_is_migrated_once_and_then_up_to_date()
    {
        var schema = PostgresServer.UniqueSchema();
        var first = await RunAsync(null, "--url", Url, "--schema", schema, "--roles");
        Assert.True(first.Code == 0, first.Output);
        Assert.Contains("Applied 0001", first.Output, StringComparison.Ordinal);
        Assert.Contains("Granted the roles.", first.Output, StringComparison.Ordinal);

        var second = await RunAsync(Url, "--schema", schema);
        Assert.Equal((0, $"The schema '{schema}' is up to date.\n"), (second.Code, second.Output));
    }

    [Fact]
    public async Task Users_that_are_named_get_the_roles_of_a_prefix()
    {
        var schema = PostgresServer.UniqueSchema();
        await using (var create = postgres.DataSource.CreateCommand($"CREATE ROLE {schema}_shop"))
        {
            await create.ExecuteNonQueryAsync();
        }

        var granted = await RunAsync(Url, "--schema", schema, "--role-prefix", schema, "--app-users", $"{schema}_shop");
        Assert.True(granted.Code == 0, granted.Output);

        await using var member = postgres.DataSource.CreateCommand(
            $"SELECT pg_has_role('{schema}_shop', '{schema}_app', 'MEMBER'), pg_has_role('{schema}_shop', '{schema}_relay', 'MEMBER')");
        await using var reader = await member.ExecuteReaderAsync();
        await reader.ReadAsync();
        Assert.Equal((true, false), (reader.GetBoolean(0), reader.GetBoolean(1)));
    }

    [Fact]
    public async Task A_schema_of_mysql_is_migrated_once_and_its_users_get_the_roles()
    {
        var schema = MySqlServer.UniqueSchema()[..24];
        await using var administrator = new MySqlConnection(mySql.ConnectionString);
        await administrator.OpenAsync(TestContext.Current.CancellationToken);
        await ExecuteAsync(administrator, $"CREATE USER {schema}_a");
        var settings = new MySqlConnectionStringBuilder(mySql.ConnectionString);
        var url = $"mysql://{settings.UserID}:{Uri.EscapeDataString(settings.Password)}@{settings.Server}:{settings.Port}/";

        var first = await RunAsync(null, "--url", url, "--schema", schema, "--role-prefix", schema, "--app-users", $"{schema}_a");
        Assert.True(first.Code == 0, first.Output);
        Assert.Contains("Applied 0001", first.Output, StringComparison.Ordinal);
        Assert.Contains("Granted the roles.", first.Output, StringComparison.Ordinal);
        Assert.Contains($"{schema}_app", await ReadAsync(administrator, $"SHOW GRANTS FOR {schema}_a"), StringComparison.Ordinal);

        var second = await RunAsync(url, "--schema", schema);
        Assert.Equal((0, $"The schema '{schema}' is up to date.\n"), (second.Code, second.Output));
        await ExecuteAsync(administrator, $"DROP DATABASE {schema}; DROP USER {schema}_a");
    }

    [Theory]
    [InlineData("mysql://u:canary@127.0.0.1:1/x", "The database 'x' at 127.0.0.1:1 cannot be reached")]
    [InlineData("mysql://u:canary@db.example.com/x?ssl-mode=disabled", "VerifyFull")]
    [InlineData(null, "DATABASE_URL")]
    [InlineData(null, "No secret is read here")]
    [InlineData("canary", "neither a postgres:// URL nor a connection string")]
    [InlineData("postgres://u:canary@127.0.0.1:1/x", "The database 'x' at 127.0.0.1:1 cannot be reached")]
    [InlineData("postgres://u:canary@db.example.com/x?sslmode=disable", "VerifyFull")]
    [InlineData("postgres://relay:77/canary@127.0.0.1/app", "%2F")]
    public async Task What_is_wrong_is_said_without_the_password(string? url, string part)
    {
        var failed = await RunAsync(url);
        Assert.Equal(2, failed.Code);
        Assert.Contains(part, failed.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", failed.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hostile_schema_is_refused()
    {
        var failed = await RunAsync(Url, "--schema", "x; DROP SCHEMA public CASCADE; --");
        Assert.Equal(2, failed.Code);
        Assert.Contains("DATABASE_SCHEMA", failed.Output, StringComparison.Ordinal);
    }

    private static async Task ExecuteAsync(MySqlConnection connection, string sql)
    {
        await using var command = new MySqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    private static async Task<string> ReadAsync(MySqlConnection connection, string sql)
    {
        await using var command = new MySqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        var lines = new List<string>();
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
        {
            lines.Add(reader.GetString(0));
        }

        return string.Join('\n', lines);
    }

    private static async Task<(int Code, string Output)> RunAsync(string? databaseUrl, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(LocalRunner).Assembly.Location, "migrate", .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Remove("DATABASE_URL");
        if (databaseUrl is not null)
        {
            start.Environment["DATABASE_URL"] = databaseUrl;
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await errors);
    }
}
