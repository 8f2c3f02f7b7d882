using MySqlConnector;
using Relaybox.Functions.Tests.Support;
using Relaybox.Operations;
using Relaybox.Testing;

namespace Relaybox.Functions.Tests.Examining;

/// <summary>What can be wrong with a schema of MySQL is planted, found, and put right by what the doctor says.</summary>
public sealed class MySqlDoctorTests(DynamoDbLocal dynamoDb, SqsEmulator sqs, MySqlServer server) : IClassFixture<MySqlServer>, IAsyncDisposable
{
    private const string Password = "password-of-a-test";

    private readonly string _schema = MySqlServer.UniqueSchema();

    // A user's name has at most 32 characters on MySQL.
    private readonly string _user = $"u{Guid.NewGuid():N}"[..24];

    [Fact]
    public async Task A_healthy_system_has_no_problem()
    {
        await using var world = await CreateAsync();
        await ExecuteAsync("INSERT INTO outbox (event_id, subject, payload, ordering_key) VALUES ('a', 'orders.placed', '{}', 'k')");
        (await Examination.OfAsync(world)).AssertHealthy();
    }

    [Fact]
    public async Task A_missing_Setup_is_found()
    {
        await using var world = await CreateAsync(setUp: false);
        (await Examination.OfAsync(world)).AssertFound("schema.missing", FindingSeverity.Problem);
    }

    [Theory]
    [InlineData("UPDATE migrations SET checksum = 'older' WHERE name = 'inbox_complete'", "schema.old")]
    [InlineData("UPDATE migrations SET checksum = 'other' WHERE name = '0001_outbox'", "schema.other")]
    [InlineData("ALTER TABLE inbox DROP KEY queue", "schema.index-missing")]
    [InlineData("DELETE FROM outbox_keys WHERE bucket = 7", "schema.sequence-behind")]
    [InlineData("DROP PROCEDURE outbox_lock_keys", "schema.routine-missing")]
    public async Task What_is_not_as_Setup_made_it_is_found(string changed, string id)
    {
        await using var world = await CreateAsync();
        await ExecuteAsync(changed);
        (await Examination.OfAsync(world)).AssertOnly(id);
    }

    [Fact]
    public async Task A_missing_index_is_found_and_the_advice_is_the_statement_that_puts_it_right()
    {
        await using var world = await CreateAsync();
        await ExecuteAsync("ALTER TABLE outbox DROP KEY outbox_event_id");
        var advice = (await Examination.OfAsync(world)).AssertOnly("schema.index-missing").Advice!;
        await ExecuteAsync(advice[advice.IndexOf("ALTER", StringComparison.Ordinal)..]);
        (await Examination.OfAsync(world)).AssertHealthy();
    }

    [Fact]
    public async Task A_missing_index_that_statements_name_is_found()
    {
        await using var world = await CreateAsync();
        await ExecuteAsync("ALTER TABLE outbox DROP KEY held_key");
        (await Examination.OfAsync(world)).AssertFound("schema.index-missing", FindingSeverity.Problem);
    }

    [Fact]
    public async Task Numbers_of_keys_that_are_behind_the_rows_are_found_and_Setup_puts_them_right()
    {
        await using var world = await CreateAsync();
        await ExecuteAsync("INSERT INTO outbox (event_id, subject, payload, ordering_key) VALUES ('a', 'orders.placed', '{}', 'k')");
        await ExecuteAsync("UPDATE outbox_keys SET last_number = 0");
        (await Examination.OfAsync(world)).AssertOnly("schema.sequence-behind");
        await SetUpAsync(world);
        (await Examination.OfAsync(world)).AssertHealthy();
    }

    [Fact]
    public async Task A_missing_trigger_is_found_by_the_rows_that_it_has_not_counted()
    {
        await using var world = await CreateAsync();
        await ExecuteAsync("DROP TRIGGER outbox_number");
        await ExecuteAsync("INSERT INTO outbox (event_id, subject, payload) VALUES ('a', 'orders.placed', '{}')");
        (await Examination.OfAsync(world)).AssertOnly("schema.trigger-missing");
        await SetUpAsync(world);
        Assert.DoesNotContain("rights.missing", (await Examination.OfAsync(world)).Problems);
    }

    [Fact]
    public async Task A_missing_grant_is_found_and_Setup_puts_it_right()
    {
        await using var world = await CreateAsync();
        await ExecuteAsync("REVOKE DELETE ON inbox FROM relaybox_cleaner".Replace("relaybox", _schema[..12], StringComparison.Ordinal));
        var found = (await Examination.OfAsync(world)).AssertOnly("rights.missing");
        Assert.Contains("DELETE", found.Text, StringComparison.Ordinal);
        Assert.Contains(_user, found.Advice!, StringComparison.Ordinal);
        await SetUpAsync(world);
        (await Examination.OfAsync(world)).AssertHealthy();
    }

    [Fact]
    public async Task A_user_who_was_granted_nothing_is_found()
    {
        await using var world = await CreateAsync(setUp: false);
        world.Set("DATABASE_FUNCTIONS_USER", "");
        await SetUpAsync(world);
        var found = await Examination.OfAsync(world);
        Assert.Contains("rights.missing", found.Problems);
        Assert.Contains(_user, found.AssertFound("rights.missing", FindingSeverity.Problem).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_cannot_be_reached_is_told_once()
    {
        await using var world = await CreateAsync();
        world.Set("DATABASE_URL", $"mysql://{_user}:{Password}@127.0.0.1:1/{_schema}_app");
        var found = await Examination.OfAsync(world);
        found.AssertOnly("store.failed");
        Assert.Single(found.Findings, finding => finding.Id == "store.failed");
    }

    public async ValueTask DisposeAsync()
    {
        await ExecuteAsync($"DROP DATABASE IF EXISTS {_schema}; DROP DATABASE IF EXISTS {_schema}_app; DROP USER IF EXISTS {_user}", database: "");
    }

    private async Task<FunctionWorld> CreateAsync(bool setUp = true)
    {
        await ExecuteAsync(
            $"CREATE DATABASE {_schema}_app; CREATE USER {_user} IDENTIFIED BY '{Password}'; GRANT SELECT ON {_schema}_app.* TO {_user}",
            database: "");
        var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        await Queues.MakeAsInTemplateAsync(world);
        foreach (var (name, value) in new[]
        {
            ("STORE", "mysql"), ("DATABASE_SCHEMA", _schema), ("DATABASE_ROLE_PREFIX", _schema[..12]), ("DATABASE_FUNCTIONS_USER", _user),
            ("OUTBOX_TABLE", "outbox"), ("INBOX_TABLE", "inbox"), ("JOBS_TABLE", "jobs"), ("EFFECTS_TABLE", "effects"),
        })
        {
            world.Set(name, value);
        }

        if (setUp)
        {
            await SetUpAsync(world);
        }

        world.Set("DATABASE_URL", Url(_user, Password));
        return world;
    }

    // As the administrator; the functions then go on as their user.
    private async Task SetUpAsync(FunctionWorld world)
    {
        var admin = new MySqlConnectionStringBuilder(server.ConnectionString);
        world.Set("DATABASE_URL", Url(admin.UserID, admin.Password));
        await world.InvokeAsync("Setup", "{}", TimeSpan.FromMinutes(5));
        world.Set("DATABASE_URL", Url(_user, Password));
    }

    private string Url(string user, string password)
    {
        var host = new MySqlConnectionStringBuilder(server.ConnectionString).Server;
        return $"mysql://{user}{(password.Length == 0 ? "" : $":{password}")}@{host}:{server.Port}/{_schema}_app";
    }

    private async Task ExecuteAsync(string sql, string? database = null)
    {
        await using var connection = new MySqlConnection(
            new MySqlConnectionStringBuilder(server.ConnectionString) { Database = database ?? _schema, Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new MySqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
