using System.Text;
using Amazon.Lambda.Core;
using Relaybox.Functions.Hosting;
using Relaybox.Functions.Tests.Support;
using Relaybox.Testing;
using Relaybox.Testing.Tls;

namespace Relaybox.Functions.Tests;

/// <summary>Whatever is wrong with the database, a function that fails says which one, what it is, and what to do.</summary>
public sealed class PostgresFailureTests(PostgresServer server, DynamoDbLocal dynamoDb, SqsEmulator sqs) : IAsyncLifetime
{
    private const string Canary = "canary-c0ffee-4711";

    private PostgresFunctionWorld? _world;

    private PostgresFunctionWorld World => _world!;

    private string At => $"'postgres' at 127.0.0.1:{server.Port}";

    public async ValueTask InitializeAsync() => _world = await PostgresFunctionWorld.CreateAsync(server, dynamoDb, sqs);

    public ValueTask DisposeAsync() => World.DisposeAsync();

    [Theory]
    [InlineData("SweepRelay")]
    [InlineData("Cleanup")]
    [InlineData("ResetStale")]
    [InlineData("Reconcile")]
    [InlineData("Setup")]
    public async Task A_server_that_is_not_there(string function) => await FailsAsync(
        function,
        $"postgres://u:{Canary}@127.0.0.1:1/shop",
        "The database 'shop' at 127.0.0.1:1 cannot be reached: nothing listens there",
        "Check host and port in DATABASE_URL",
        "VpcSecurityGroupIds");

    [Fact]
    public async Task A_server_that_never_answers()
    {
        using var silent = new SilentServer();
        await FailsAsync(
            "SweepRelay",
            $"postgres://u:{Canary}@127.0.0.1:{silent.Port}/shop?timeout=1",
            $"The database 'shop' at 127.0.0.1:{silent.Port} did not answer in time",
            "security groups");
    }

    [Theory]
    [InlineData("ResetStale", 4)]
    [InlineData("Cleanup", 7)]
    public async Task A_function_whose_time_ends_while_it_tries_again_says_why_it_had_to(string function, int seconds)
    {
        using var silent = new SilentServer();
        World.Set("DATABASE_URL", $"postgres://u:{Canary}@127.0.0.1:{silent.Port}/shop?timeout=1");
        var failure = await Assert.ThrowsAsync<FunctionFailedException>(
            () => World.InvokeAsConfiguredAsync(function, remaining: TimeSpan.FromSeconds(seconds)));
        Assert.True(failure.Message.Contains("did not answer in time", StringComparison.Ordinal), failure.ToString());
    }

    [Theory]
    [InlineData("SweepRelay")]
    [InlineData("Setup")]
    public async Task A_wrong_password(string function)
    {
        await using var guarded = await PostgresServer.StartAsync("right");
        await FailsAsync(
            function,
            $"postgres://postgres:{Canary}@127.0.0.1:{guarded.Port}/postgres",
            $"The database 'postgres' at 127.0.0.1:{guarded.Port} refuses the password of the user 'postgres' (28P01). "
            + "Put the right one into DATABASE_URL.");
        await FailsAsync(
            function,
            $"postgres://postgres@127.0.0.1:{guarded.Port}/postgres",
            $"The database 'postgres' at 127.0.0.1:{guarded.Port} asks for a password, and DATABASE_URL has none for the user 'postgres'.");
    }

    [Fact]
    public async Task A_user_who_is_not_there() => await FailsAsync(
        "SweepRelay",
        Url("nobody_there"),
        $"The database {At} does not let the user 'nobody_there' in (28000)",
        "Create it, or name another in DATABASE_URL");

    [Theory]
    [InlineData("SweepRelay")]
    [InlineData("Setup")]
    public async Task A_database_that_is_not_there(string function) => await FailsAsync(
        function,
        Url("postgres", "nowhere"),
        $"The server 127.0.0.1:{server.Port} has no database 'nowhere' (3D000). Create it, or name another in DATABASE_URL.");

    [Theory]
    [InlineData("SweepRelay")]
    [InlineData("ResetStale")]
    [InlineData("Cleanup")]
    [InlineData("Reconcile")]
    public async Task Tables_that_are_not_there(string function)
    {
        string[] parts = [$"The database {At} lacks the ", World.Schema, "Invoke the Setup function, or run ./run migrate"];
        World.Set("DATABASE_URL", Url("postgres"));

        // Before the first Setup that is no failure, which would raise an alarm with the first deployment.
        Assert.Contains("\"complete\":false", await World.InvokeAsConfiguredAsync(function), StringComparison.Ordinal);
        await World.ExecuteAsync($"CREATE SCHEMA {World.Schema} AUTHORIZATION {World.Owner}");
        Assert.Contains("\"complete\":false", await World.InvokeAsConfiguredAsync(function), StringComparison.Ordinal);

        await World.InvokeAsync("Setup");
        await World.ExecuteAsync("DROP TABLE outbox, jobs CASCADE");
        await FailsAsync(function, Url("postgres"), [.. parts, $" {World.Schema}.", "(42"]);
    }

    [Fact]
    public async Task A_schema_that_is_older_than_the_build()
    {
        await World.InvokeAsync("Setup");
        await World.ExecuteAsync("ALTER TABLE outbox RENAME COLUMN attempts TO of_another_time");
        await World.ExecuteAsync("INSERT INTO outbox (event_id, subject, payload) VALUES ('e-1', 'orders.placed', '{}')");
        await FailsAsync("SweepRelay", Url("postgres"), "(42703): its schema is not there, or older than this build", "Invoke the Setup function");
    }

    [Theory]
    [InlineData("SweepRelay", "outbox")]
    [InlineData("ResetStale", "jobs")]
    [InlineData("Cleanup", "jobs")]
    [InlineData("Reconcile", "jobs")]
    public async Task A_right_that_is_missing(string function, string table)
    {
        World.Set("DATABASE_FUNCTIONS_USER", "");
        await World.InvokeAsync("Setup");
        var user = World.FunctionsUser;
        var roles = $"GRANT {World.Schema}_relay, {World.Schema}_cleaner, {World.Schema}_consumer TO \"{user}\";";
        await FailsAsync(
            function,
            Url(user),
            $"The database {At} does not allow the user '{user}' what this function does with the schema {World.Schema} (42501)",
            $"Set DatabaseFunctionsUser (DATABASE_FUNCTIONS_USER) to '{user}' and invoke the Setup function",
            roles);

        await World.ExecuteAsync($"GRANT USAGE ON SCHEMA {World.Schema} TO {user}");
        await FailsAsync(function, Url(user), $"with the table {table} (42501)", roles);

        await World.ExecuteAsync(roles);
        await World.InvokeAsync(function);
    }

    [Fact]
    public async Task A_user_who_may_not_connect()
    {
        await World.ExecuteAsync($"CREATE DATABASE {World.Schema}; ");
        await World.ExecuteAsync($"REVOKE CONNECT ON DATABASE {World.Schema} FROM PUBLIC");
        await FailsAsync(
            "SweepRelay", Url(World.FunctionsUser, World.Schema), $"GRANT CONNECT ON DATABASE \"{World.Schema}\" TO \"{World.FunctionsUser}\";");
        await World.ExecuteAsync($"DROP DATABASE {World.Schema} WITH (FORCE)");
    }

    [Fact]
    public async Task Setup_as_a_user_who_may_make_nothing() => await FailsAsync(
        "Setup",
        Url(World.FunctionsUser),
        "The schema's preparation failed: permission denied for database postgres (42501). Nothing was applied.",
        $"It was the database {At}, as the user '{World.FunctionsUser}'.",
        "Setup needs the schema's owner: name one in DatabaseOwnerSecretArn");

    [Fact]
    public async Task A_server_that_cannot_be_verified()
    {
        using var certificates = new Certificates();
        await using var encrypted = await PostgresServer.StartAsync("right", certificates.Issue(names: "127.0.0.1"));
        await FailsAsync(
            "SweepRelay",
            $"postgres://postgres:{Canary}@127.0.0.1:{encrypted.Port}/postgres?sslmode=verify-full",
            $"The server of the database 'postgres' at 127.0.0.1:{encrypted.Port} could not be verified (TLS): "
            + "its certificate is by an authority that is not trusted",
            "DATABASE_CA_FILE");
    }

    [Fact]
    public async Task A_server_without_TLS_where_it_is_demanded() => await FailsAsync(
        "SweepRelay",
        Url("postgres") + "?sslmode=verify-full",
        $"The server of the database {At} could not be verified (TLS): it offers no TLS",
        "switch TLS on");

    [Theory]
    [InlineData("SweepRelay")]
    [InlineData("Cleanup")]
    [InlineData("ResetStale")]
    [InlineData("Reconcile")]
    public async Task A_warm_function_leaves_a_server_that_takes_no_writes(string function)
    {
        await World.InvokeAsync("Setup");
        World.Set("DATABASE_URL", Url(World.FunctionsUser));
        var handler = FunctionCatalog.Create(function, World.Get);
        await World.ExecuteAsync($"ALTER ROLE {World.FunctionsUser} SET default_transaction_read_only = on");
        var failure = await Assert.ThrowsAsync<FunctionFailedException>(() => InvokeAsync(handler, "{}"));
        Assert.Contains($"The database {At} is read-only (25006)", failure.Message, StringComparison.Ordinal);

        await World.ExecuteAsync($"ALTER ROLE {World.FunctionsUser} RESET default_transaction_read_only");
        Assert.Contains("\"complete\":true", await InvokeAsync(handler, "{}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Messages_use_up_no_attempt_while_the_server_takes_no_writes()
    {
        await World.InvokeAsync("Setup");
        World.Set("DATABASE_URL", Url(World.FunctionsUser));
        var handler = FunctionCatalog.Create("Consume", World.Get);
        await World.ExecuteAsync($"ALTER ROLE {World.FunctionsUser} SET default_transaction_read_only = on");
        var message = Rows.SqsEvent(("m-1", Rows.Envelope("e-1")));
        Assert.Equal("""{"batchItemFailures":[{"itemIdentifier":"m-1"}]}""", await InvokeAsync(handler, message));
        Assert.Equal(0L, await World.ScalarAsync("SELECT count(*) FROM inbox"));

        await World.ExecuteAsync($"ALTER ROLE {World.FunctionsUser} RESET default_transaction_read_only");
        Assert.Equal(Rows.Success, await InvokeAsync(handler, message));
        Assert.Equal(1, await World.ScalarAsync("SELECT deliveries FROM inbox"));
    }

    [Fact]
    public async Task Messages_come_again_while_the_database_is_away()
    {
        World.Set("DATABASE_URL", $"postgres://u:{Canary}@127.0.0.1:1/shop");
        Assert.Equal(
            """{"batchItemFailures":[{"itemIdentifier":"m-1"}]}""",
            await World.InvokeAsConfiguredAsync("Consume", Rows.SqsEvent(("m-1", Rows.Envelope("e-1")))));
    }

    private string Url(string user, string database = "postgres") => $"postgres://{user}@127.0.0.1:{server.Port}/{database}";

    private static async Task<string> InvokeAsync(Func<Stream, ILambdaContext, Task<Stream>> handler, string input)
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(input));
        using var reader = new StreamReader(await handler(stream, new FakeLambdaContext(TimeSpan.FromSeconds(30))), Encoding.UTF8);
        return await reader.ReadToEndAsync();
    }

    private async Task FailsAsync(string function, string url, params string[] parts)
    {
        World.Set("DATABASE_URL", url);
        var failure = await Assert.ThrowsAsync<FunctionFailedException>(() => World.InvokeAsConfiguredAsync(function));
        Assert.All(parts, part => Assert.True(failure.Message.Contains(part, StringComparison.Ordinal), $"{part}\n{failure.Message}"));
        Assert.DoesNotContain(Canary, failure.ToString(), StringComparison.Ordinal);
        Assert.Contains("   at ", failure.StackTrace, StringComparison.Ordinal);
    }
}
