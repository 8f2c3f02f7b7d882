using Relaybox.Functions.Tests.Support;
using Relaybox.Operations;
using Relaybox.Testing;
using Relaybox.Testing.Http;

namespace Relaybox.Functions.Tests.Examining;

/// <summary>What can be wrong with a system on PostgreSQL and SQS is planted, found, and put right by what the doctor says.</summary>
public sealed class PostgresDoctorTests(PostgresServer server, DynamoDbLocal dynamoDb, SqsEmulator sqs)
{
    [Fact]
    public async Task A_healthy_system_has_no_problem()
    {
        await using var world = await CreateAsync();
        await world.UseEveryFunctionAsync();
        (await ExamineAsync(world)).AssertHealthy();
    }

    [Fact]
    public async Task A_missing_Setup_is_found()
    {
        await using var world = await CreateAsync(setUp: false);
        var found = await ExamineAsync(world);
        Assert.Contains("schema.missing", found.Problems);
        Assert.Contains("Setup", found.AssertFound("schema.missing", FindingSeverity.Problem).Advice!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("UPDATE migrations SET checksum = 'older' WHERE name = 'outbox_heads'")]
    [InlineData("DELETE FROM migrations WHERE name = 'inbox_mark'")]
    public async Task An_old_schema_is_found_and_Setup_puts_it_right(string older)
    {
        await using var world = await CreateAsync();
        await world.ExecuteAsync(older);
        (await ExamineAsync(world)).AssertOnly("schema.old");
        await world.InvokeAsync("Setup");
        (await ExamineAsync(world)).AssertHealthy();
    }

    [Theory]
    [InlineData("UPDATE migrations SET checksum = 'other' WHERE name = '0001_tables'")]
    [InlineData("UPDATE migrations SET tables = 'a, b, c'")]
    public async Task A_schema_that_another_build_made_is_found(string other)
    {
        await using var world = await CreateAsync();
        await world.ExecuteAsync(other);
        (await ExamineAsync(world)).AssertOnly("schema.other");
    }

    [Theory]
    [InlineData("DROP INDEX outbox_due", "schema.index-missing")]
    [InlineData("DROP INDEX inbox_processed_at", "schema.index-missing")]
    [InlineData("DROP INDEX inbox_failed_at", "schema.index-missing")]
    [InlineData("ALTER TABLE outbox DROP CONSTRAINT outbox_pkey", "schema.index-missing")]
    [InlineData("ALTER TABLE jobs DROP CONSTRAINT jobs_pkey", "schema.index-missing")]
    [InlineData("ALTER TABLE outbox DISABLE TRIGGER outbox_notify", "schema.trigger-missing")]
    [InlineData("DROP TRIGGER outbox_keep_order ON outbox", "schema.trigger-missing")]
    public async Task What_was_taken_away_from_the_schema_is_found_and_the_advice_is_the_statement_that_puts_it_right(string taken, string id)
    {
        await using var world = await CreateAsync();
        await world.ExecuteAsync(taken);
        var advice = (await ExamineAsync(world)).AssertOnly(id).Advice!;
        await world.ExecuteAsAsync(world.Owner, advice[(advice.IndexOf("owner: ", StringComparison.Ordinal) + "owner: ".Length)..]);
        (await ExamineAsync(world)).AssertHealthy();
    }

    [Fact]
    public async Task A_missing_function_is_found()
    {
        await using var world = await CreateAsync();
        await world.ExecuteAsync("DROP FUNCTION outbox_until_due");
        var advice = (await ExamineAsync(world)).AssertOnly("schema.function-missing").Advice!;
        await world.ExecuteAsAsync(
            world.Owner, advice[advice.IndexOf("DELETE", StringComparison.Ordinal)..(advice.IndexOf(';', StringComparison.Ordinal) + 1)]);
        await world.InvokeAsync("Setup");
        (await ExamineAsync(world)).AssertHealthy();
    }

    [Fact]
    public async Task A_sequence_that_is_behind_the_rows_is_found_and_Setup_puts_it_right()
    {
        await using var world = await CreateAsync();
        await world.ExecuteAsync("INSERT INTO outbox (event_id, subject, payload) VALUES ('a', 'orders.placed', '{}'), ('b', 'orders.placed', '{}')");
        (await ExamineAsync(world)).AssertHealthy();
        await world.ExecuteAsync("SELECT setval('outbox_row_ids', 1, false)");
        (await ExamineAsync(world)).AssertOnly("schema.sequence-behind");
        await world.InvokeAsync("Setup");
        (await ExamineAsync(world)).AssertHealthy();
    }

    [Theory]
    [InlineData("REVOKE UPDATE (attempts) ON outbox FROM {0}_relay", "UPDATE (attempts)")]
    [InlineData("REVOKE {0}_cleaner FROM {0}_functions; GRANT SELECT ON migrations TO {0}_functions; "
        + "GRANT SELECT ON SEQUENCE outbox_row_ids TO {0}_functions; GRANT SELECT, INSERT, UPDATE ON jobs TO {0}_functions", "DELETE")]
    [InlineData("REVOKE INSERT ON inbox FROM {0}_consumer", "INSERT")]
    [InlineData("REVOKE EXECUTE ON FUNCTION inbox_mark FROM {0}_consumer, PUBLIC", "EXECUTE")]
    [InlineData("REVOKE SELECT, INSERT, UPDATE ON effects FROM {0}_consumer", "effects")]
    public async Task A_missing_grant_is_found_and_Setup_puts_it_right(string revoke, string right)
    {
        await using var world = await CreateAsync();
        await world.ExecuteAsync(string.Format(System.Globalization.CultureInfo.InvariantCulture, revoke, world.Schema));
        var found = (await ExamineAsync(world)).AssertOnly("rights.missing");
        Assert.Contains(right, found.Text, StringComparison.Ordinal);
        Assert.Contains(world.FunctionsUser, found.Advice!, StringComparison.Ordinal);
        await world.InvokeAsync("Setup");
        (await ExamineAsync(world)).AssertHealthy();
    }

    [Fact]
    public async Task A_user_who_was_granted_nothing_is_found()
    {
        await using var world = await CreateAsync(setUp: false);
        world.Set("DATABASE_FUNCTIONS_USER", "");
        await world.InvokeAsync("Setup");
        var found = await ExamineAsync(world);
        Assert.Contains("rights.missing", found.Problems);
        Assert.Contains(world.FunctionsUser, found.AssertFound("rights.missing", FindingSeverity.Problem).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_clock_that_differs_is_found()
    {
        await using var world = await CreateAsync();
        await world.ExecuteAsync(
            $"""
            CREATE FUNCTION now() RETURNS timestamptz LANGUAGE sql STABLE AS $$ SELECT pg_catalog.now() + interval '10 min' $$;
            ALTER ROLE {world.FunctionsUser} SET search_path = {world.Schema}, pg_catalog
            """);
        Assert.Contains("ahead of this machine's", (await ExamineAsync(world)).AssertOnly("clock.skew").Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_takes_no_writes_is_found()
    {
        await using var world = await CreateAsync();
        await world.ExecuteAsync($"ALTER ROLE {world.FunctionsUser} SET default_transaction_read_only = on");
        (await ExamineAsync(world)).AssertOnly("schema.read-only");
    }

    [Fact]
    public async Task A_server_that_forgets_commits_is_warned_of()
    {
        await using var world = await CreateAsync();
        Assert.DoesNotContain((await ExamineAsync(world)).Findings, IsOfCommits);
        await world.ExecuteAsync($"ALTER ROLE {world.FunctionsUser} SET synchronous_commit = off");
        Assert.Contains((await ExamineAsync(world)).Findings, IsOfCommits);

        // The test's server does without fsync.
        static bool IsOfCommits(Finding finding) => finding is { Id: "schema.not-durable", Severity: FindingSeverity.Warning }
            && finding.Text.Contains("synchronous_commit", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rows_that_nobody_relays_are_found()
    {
        await using var world = await CreateAsync();
        await world.ExecuteAsync(
            "INSERT INTO outbox (event_id, subject, payload, available_at) VALUES ('a', 'orders.placed', '{}', now() - interval '10 min')");
        Assert.Contains("ScheduleState", (await ExamineAsync(world)).AssertOnly("relay.behind").Advice!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_subject_without_a_handler_is_found()
    {
        await using var world = await CreateAsync();
        await world.ExecuteAsync("INSERT INTO outbox (event_id, subject, payload) VALUES ('a', 'nobody.listens', '{}')");
        Assert.Contains("'nobody.listens'", (await ExamineAsync(world)).AssertOnly("handlers.missing").Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_build_without_handlers_is_found()
    {
        await using var world = await CreateAsync();
        world.Set("EFFECTS_TABLE", "");
        (await ExamineAsync(world)).AssertOnly("handlers.none");
    }

    [Fact]
    public async Task A_retention_that_is_shorter_than_messages_live_is_found()
    {
        await using var world = await CreateAsync();
        world.Set("PROCESSED_RETENTION_HOURS", "24");
        var found = await ExamineAsync(world);
        Assert.Equal(["queue.inbox-forgets", "settings.forgetful"], found.Problems.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_setting_of_the_broker_that_cannot_be_read_is_found_and_the_store_is_looked_at_all_the_same()
    {
        await using var world = await CreateAsync();
        world.Set("QUEUE_URL", "queue");
        var found = await ExamineAsync(world);
        Assert.Contains("QUEUE_URL", found.AssertOnly("settings.wrong").Text, StringComparison.Ordinal);
        found.AssertFound("rights", FindingSeverity.Ok, needsAdvice: false);
    }

    [Fact]
    public async Task A_secret_that_cannot_be_read_is_told_once_and_hides_nothing_else()
    {
        await using var secrets = new ScriptedServer(_ => HttpAnswer.Json(400, """{"__type":"ResourceNotFoundException"}"""));
        await using var world = await CreateAsync();
        Environment.SetEnvironmentVariable("AWS_ENDPOINT_URL_SECRETS_MANAGER", secrets.Url);
        world.Set("DATABASE_URL", "");
        world.Set("DATABASE_SECRET_ARN", "arn:aws:secretsmanager:eu-central-1:000000000000:secret:gone-AbCdEf");
        var found = Examination.Read(await world.InvokeAsConfiguredAsync("Operate", Examination.Request, TimeSpan.FromMinutes(5)));
        Assert.Contains("secretsmanager:GetSecretValue", found.AssertOnly("secret.unreadable").Text, StringComparison.Ordinal);
        Assert.Single(found.Findings, finding => finding.Id == "secret.unreadable");
        found.AssertFound("queue", FindingSeverity.Ok, needsAdvice: false);
    }

    [Fact]
    public async Task A_database_that_cannot_be_reached_is_told_once_and_hides_nothing_else()
    {
        await using var world = await CreateAsync();
        world.Set("DATABASE_URL", "postgres://nobody@127.0.0.1:1/postgres");
        var found = Examination.Read(await world.InvokeAsConfiguredAsync("Operate", Examination.Request, TimeSpan.FromMinutes(5)));
        Assert.Contains("cannot be reached", found.AssertOnly("store.failed").Text, StringComparison.Ordinal);
        Assert.Single(found.Findings, finding => finding.Id == "store.failed");
        found.AssertFound("queue", FindingSeverity.Ok, needsAdvice: false);
    }

    [Fact]
    public async Task The_doctor_changes_nothing()
    {
        await using var world = await CreateAsync();
        await world.ExecuteAsync("INSERT INTO outbox (event_id, subject, payload, ordering_key) VALUES ('a', 'orders.placed', '{}', 'k')");
        var before = await world.ScalarAsync("SELECT string_agg(o::text, '|') FROM outbox o");
        (await ExamineAsync(world)).AssertHealthy();
        Assert.Equal(before, await world.ScalarAsync("SELECT string_agg(o::text, '|') FROM outbox o"));
        Assert.Equal(0L, await world.ScalarAsync("SELECT count(*) FROM jobs"));
    }

    private static async Task<Examination> ExamineAsync(PostgresFunctionWorld world) =>
        Examination.Read(await world.InvokeAsync("Operate", Examination.Request, TimeSpan.FromMinutes(5)));

    private async Task<PostgresFunctionWorld> CreateAsync(bool setUp = true)
    {
        var world = await PostgresFunctionWorld.CreateAsync(server, dynamoDb, sqs);
        await Queues.MakeAsInTemplateAsync(world.Inner);
        if (setUp)
        {
            await world.InvokeAsync("Setup");
        }

        return world;
    }
}
