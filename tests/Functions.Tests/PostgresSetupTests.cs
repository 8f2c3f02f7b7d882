using System.Text.Json.Nodes;
using Npgsql;
using Relaybox.Functions.Hosting;
using Relaybox.Functions.Tests.Support;
using Relaybox.Testing;
using Relaybox.Testing.Http;

namespace Relaybox.Functions.Tests;

/// <summary>After Setup everything works for users who have nothing but what Setup granted them.</summary>
public sealed class PostgresSetupTests(PostgresServer server, DynamoDbLocal dynamoDb, SqsEmulator sqs)
{
    [Theory]
    [InlineData("keep")]
    [InlineData("delete")]
    [InlineData("archive")]
    public async Task After_Setup_alone_every_function_works_for_a_user_of_least_privilege(string afterSending)
    {
        await using var world = await PostgresFunctionWorld.CreateAsync(server, dynamoDb, sqs);
        world.Set("AFTER_SENDING", afterSending);
        await world.UseEveryFunctionAsync();
    }

    [Fact]
    public async Task Setup_again_grants_again_and_leaves_the_tables_of_other_handlers_alone()
    {
        await using var world = await PostgresFunctionWorld.CreateAsync(server, dynamoDb, sqs);
        await world.InvokeAsync("Setup");
        await world.ExecuteAsAsync(world.Owner, $"CREATE TABLE orders (id int); GRANT INSERT ON orders TO {world.Schema}_consumer");

        await world.InvokeAsync("Setup");

        await world.ExecuteAsAsync(world.FunctionsUser, "INSERT INTO orders VALUES (1)");
        Assert.Equal(Rows.Success, await world.InvokeAsync("Consume", Rows.SqsEvent(("m-1", Rows.Envelope("e-1")))));
        Assert.Equal(1, await world.ScalarAsync("SELECT applied FROM effects WHERE event_id = 'e-1'"));
    }

    [Fact]
    public async Task An_owner_who_may_not_make_roles_finds_them_made_and_granted()
    {
        await using var world = await PostgresFunctionWorld.CreateAsync(server, dynamoDb, sqs);
        await world.ExecuteAsync(string.Concat(new[] { "app", "relay", "cleaner", "consumer" }.Select(
            role => $"CREATE ROLE {world.Schema}_{role}; GRANT {world.Schema}_{role} TO {(role == "app" ? world.AppUser : world.FunctionsUser)};")));
        await world.ExecuteAsync($"ALTER ROLE {world.Owner} NOCREATEROLE");

        await world.InvokeAsync("Setup");

        await world.ExecuteAsAsync(world.AppUser, "INSERT INTO outbox (event_id, subject, payload) VALUES ('e-1', 'orders.placed', '{}')");
        Assert.Contains("\"affected\":1", await world.InvokeAsync("SweepRelay"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task CloudFormation_gets_an_answer_when_Setup_has_run()
    {
        await using var stack = new ScriptedServer(_ => HttpAnswer.Json(200, ""));
        await using var world = await PostgresFunctionWorld.CreateAsync(server, dynamoDb, sqs);

        await world.InvokeAsync("Setup", Request("Create", stack));
        Assert.Equal(0L, await world.ScalarAsync("SELECT count(*) FROM outbox"));
        await world.InvokeAsync("Setup", Request("Delete", stack));
        Assert.Equal(0L, await world.ScalarAsync("SELECT count(*) FROM outbox"));

        Assert.Equal(2, stack.Requests.Count);
        Assert.All(
            stack.Requests,
            request =>
            {
                Assert.Equal(("PUT", "/answer?signature=1", ""), (request.Method, request.Path, request.Header("Content-Type")));
                var expected = new JsonObject
                {
                    ["Status"] = "SUCCESS", ["Reason"] = "", ["PhysicalResourceId"] = "relaybox-setup",
                    ["StackId"] = "stack", ["RequestId"] = "request", ["LogicalResourceId"] = "SetupRun",
                };
                Assert.True(JsonNode.DeepEquals(expected, JsonNode.Parse(request.Text)), request.Text);
            });
    }

    [Fact]
    public async Task CloudFormation_is_told_why_Setup_failed_and_the_function_fails_too()
    {
        await using var stack = new ScriptedServer(_ => HttpAnswer.Json(200, ""));
        await using var world = await PostgresFunctionWorld.CreateAsync(server, dynamoDb, sqs);
        world.Set("DATABASE_FUNCTIONS_USER", "nobody_there");

        await Assert.ThrowsAsync<FunctionFailedException>(() => world.InvokeAsync("Setup", Request("Update", stack)));

        var answer = JsonNode.Parse(Assert.Single(stack.Requests).Text)!;
        Assert.Equal("FAILED", (string?)answer["Status"]);
        Assert.Contains("\"nobody_there\" does not exist", (string?)answer["Reason"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_user_who_is_not_there_is_named()
    {
        await using var world = await PostgresFunctionWorld.CreateAsync(server, dynamoDb, sqs);
        world.Set("DATABASE_FUNCTIONS_USER", "nobody_there");
        var failure = await Assert.ThrowsAsync<FunctionFailedException>(() => world.InvokeAsync("Setup"));
        Assert.Contains("\"nobody_there\" does not exist", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_is_granted_anything_where_no_user_is_named()
    {
        await using var world = await PostgresFunctionWorld.CreateAsync(server, dynamoDb, sqs);
        world.Set("DATABASE_FUNCTIONS_USER", "");
        world.Set("DATABASE_APP_USERS", "");
        await world.InvokeAsync("Setup");
        Assert.Equal(0L, await world.ScalarAsync($"SELECT count(*) FROM pg_roles WHERE rolname = '{world.Schema}_relay'"));
        await Assert.ThrowsAsync<PostgresException>(() => world.ExecuteAsAsync(world.FunctionsUser, $"SELECT * FROM {world.Schema}.outbox"));
    }

    private static string Request(string type, ScriptedServer stack) => $$"""
        {
          "RequestType": "{{type}}", "ResponseURL": "{{stack.Url}}/answer?signature=1", "StackId": "stack", "RequestId": "request",
          "LogicalResourceId": "SetupRun", "ResourceType": "Custom::RelayboxSetup", "ResourceProperties": {"Run": "1"}
        }
        """;
}
