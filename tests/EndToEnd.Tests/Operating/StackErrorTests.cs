using System.Text.Json.Nodes;
using Relaybox.Testing;
using Relaybox.Testing.Http;

namespace Relaybox.EndToEnd.Tests.Operating;

/// <summary>What the command line says when a stack cannot be reached, or refuses. A scripted server stands for Lambda.</summary>
public sealed class StackErrorTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("AccessDeniedException", 403, "arn:aws:lambda:eu-central-2:ACCOUNT:function:prod-Operate:read")]
    [InlineData("ExpiredTokenException", 403, "does not accept the credentials (ExpiredTokenException)")]
    [InlineData("ResourceNotFoundException", 404, "no function prod-Operate with the alias 'read' in eu-central-2")]
    [InlineData("KMSAccessDeniedException", 502, "Lambda answered 502 (KMSAccessDeniedException)")]
    [InlineData("<b>canary</b>", 500, "Lambda answered 500 (no code)")]
    public async Task A_refusal_says_what_to_do(string type, int status, string sentence)
    {
        await using var lambda = new ScriptedServer(_ => HttpAnswer.Json(
            status, """{"Type":"User","Message":"canary"}""", ("x-amzn-ErrorType", type)));

        var run = await RunAsync(lambda.Url, "status");

        Assert.Equal((3, ""), (run.ExitCode, run.Output));
        Assert.Contains(sentence, run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", run.Errors, StringComparison.Ordinal);
        Assert.Single(lambda.Requests);
    }

    [Fact]
    public async Task Each_request_goes_to_the_alias_that_it_needs_and_says_who_asks()
    {
        await using var lambda = new ScriptedServer(_ => HttpAnswer.Json(200, """{"problem":"Not now."}"""));

        foreach (var arguments in new[] { new[] { "status" }, ["show", "a"], ["show", "a", "--payload"], ["operations", "op", "--cancel"] })
        {
            var run = await RunAsync(lambda.Url, arguments);
            Assert.Equal((2, "relaybox: Not now."), (run.ExitCode, run.Errors.Trim()));
        }

        Assert.Equal(
            ["read", "read", "payload", "act"],
            lambda.Requests.Select(request => request.Path.Replace(
                "/2015-03-31/functions/prod-Operate/invocations?Qualifier=", "", StringComparison.Ordinal)));
        Assert.All(
            lambda.Requests,
            request =>
            {
                Assert.Equal($"{Environment.UserName}@{Environment.MachineName}", (string?)JsonNode.Parse(request.Text)!["caller"]);
                Assert.Contains("/eu-central-2/lambda/aws4_request", request.Header("Authorization"), StringComparison.Ordinal);
            });
    }

    [Fact]
    public async Task A_stack_without_a_schema_is_out_of_reach_until_Setup_has_run()
    {
        const string Problem = "The store has none of Relaybox's tables yet. Invoke the Setup function: relaybox has nothing to show before.";
        await using var lambda = new ScriptedServer(_ => HttpAnswer.Json(200, $$"""{"problem":"{{Problem}}"}"""));

        var run = await RunAsync(lambda.Url, "status");

        Assert.Equal((3, $"relaybox: {Problem}"), (run.ExitCode, run.Errors.Trim()));
    }

    [Fact]
    public async Task Where_an_event_source_may_not_be_switched_the_pause_is_told_with_the_right_that_is_missing()
    {
        await using var lambda = new ScriptedServer(request => request.Path.Contains("event-source-mappings", StringComparison.Ordinal)
            ? HttpAnswer.Json(403, """{"Message":"canary"}""", ("x-amzn-ErrorType", "AccessDeniedException"))
            : HttpAnswer.Json(200, """{"pauses":[]}"""));

        var run = await RunAsync(lambda.Url, "pause", "consumer", "--reason", "a migration");

        Assert.Equal((3, ""), (run.ExitCode, run.Output));
        Assert.Contains("You may not switch the event source of prod-Consume.", run.Errors, StringComparison.Ordinal);
        Assert.Contains("`relaybox resume consumer --stack prod` takes it back.", run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_doctor_may_not_see_is_unknown_and_names_the_right_that_is_missing()
    {
        await using var server = new ScriptedServer(request => request.Path.Contains("invocations", StringComparison.Ordinal)
            ? HttpAnswer.Json(200, """{"findings":[]}""")
            : HttpAnswer.Json(403, """{"Message":"canary"}""", ("x-amzn-ErrorType", "AccessDeniedException")));

        var run = await RunAsync(server.Url, "doctor", "--json");

        Assert.Equal((0, ""), (run.ExitCode, run.Errors));
        Assert.Equal(
            [("event-sources", "unknown"), ("schedules", "unknown")],
            JsonNode.Parse(run.Output)!["findings"]!.AsArray().Select(finding => ((string?)finding!["id"], (string?)finding["severity"])));
        Assert.Contains(
            "You may not see the event source of prod-StreamRelay. Ask for lambda:ListEventSourceMappings", run.Output, StringComparison.Ordinal);
        Assert.Contains(
            "You may not see the schedules of the group prod. Ask for scheduler:ListSchedules on *", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", run.Output, StringComparison.Ordinal);
        Assert.Contains(
            server.Requests,
            request => request.Header("Authorization")?.Contains("/eu-central-2/scheduler/aws4_request", StringComparison.Ordinal) == true);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("<html>")]
    public async Task An_answer_that_cannot_be_read_is_told_without_a_stack_trace(string answer)
    {
        await using var server = new ScriptedServer(request => HttpAnswer.Json(
            200, request.Path.Contains("invocations", StringComparison.Ordinal) ? """{"pauses":[]}""" : answer));

        var run = await RunAsync(server.Url, "resume", "relay");

        Assert.Equal((3, "relaybox: An answer of Lambda cannot be read."), (run.ExitCode, run.Errors.Trim()));
    }

    [Theory]
    [InlineData("newer:1h")]
    [InlineData("older:1h")]
    [InlineData("state:pending")]
    public async Task What_is_followed_cannot_be_old_or_pending(string term)
    {
        await using var server = new ScriptedServer(_ => HttpAnswer.Json(200, "{}"));

        var run = await RunAsync(server.Url, "tail", "subject:orders.>", term);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("tail prints rows as they are parked or sent", run.Errors, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Theory]
    [InlineData("""{"findings":[],"pauses":[]}""", 1, "event-sources.off")]
    [InlineData("""{"findings":[]}""", 0, "The store does not say whether somebody has paused the relay.")]
    [InlineData(
        """{"findings":[],"pauses":[{"part":"relay","since":"2026-01-02T03:04:05Z","caller":"me","reason":"a migration"}]}""", 0, "or paused")]
    public async Task An_event_source_that_is_off_is_a_problem_where_nobody_has_paused_it(string answer, int exitCode, string text)
    {
        await using var server = new ScriptedServer(request => HttpAnswer.Json(200, request.Path switch
        {
            var path when path.Contains("invocations", StringComparison.Ordinal) => answer,
            var path when path.EndsWith("prod-StreamRelay", StringComparison.Ordinal) =>
                """{"EventSourceMappings":[{"UUID":"5e1a0000-0000-0000-0000-000000000000","State":"Disabled"}]}""",
            var path when path.Contains("event-source-mappings", StringComparison.Ordinal) => """{"EventSourceMappings":[]}""",
            _ => """{"Schedules":[{"Name":"Sweep","State":"ENABLED"}]}""",
        }));

        var run = await RunAsync(server.Url, "doctor");

        Assert.Equal((exitCode, ""), (run.ExitCode, run.Errors));
        Assert.Contains(text, run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stack_without_any_schedule_is_a_problem()
    {
        await using var server = new ScriptedServer(request => request.Path switch
        {
            var path when path.Contains("invocations", StringComparison.Ordinal) => HttpAnswer.Json(200, """{"findings":[]}"""),
            "/schedules?ScheduleGroup=prod" => HttpAnswer.Json(404, "{}", ("x-amzn-ErrorType", "ResourceNotFoundException")),
            _ => HttpAnswer.Json(200, """{"EventSourceMappings":[]}"""),
        });

        var run = await RunAsync(server.Url, "doctor");

        Assert.Equal((1, ""), (run.ExitCode, run.Errors));
        Assert.Contains("schedules.missing: Deploy the stack again", run.Output, StringComparison.Ordinal);
        Assert.Contains("1 problem was found.", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new[] { "pause", "consumer" }, "A pause needs a reason")]
    [InlineData(new[] { "pause", "database", "--reason", "x" }, "relay")]
    [InlineData(new[] { "resume" }, "Required argument 'PART' missing")]
    public async Task A_pause_that_cannot_be_is_refused_before_anything_is_asked(string[] arguments, string sentence)
    {
        await using var lambda = new ScriptedServer(_ => HttpAnswer.Json(200, "{}"));
        var run = await RunAsync(lambda.Url, arguments);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(sentence, run.Errors, StringComparison.Ordinal);
        Assert.Empty(lambda.Requests);
    }

    [Fact]
    public async Task What_is_throttled_is_asked_again()
    {
        var calls = 0;
        await using var lambda = new ScriptedServer(_ => Interlocked.Increment(ref calls) < 3
            ? HttpAnswer.Json(429, "{}", ("x-amzn-ErrorType", "TooManyRequestsException"))
            : HttpAnswer.Json(200, """{"operations":[]}"""));

        Assert.Equal(1, (await RunAsync(lambda.Url, "operations")).ExitCode);
        Assert.Equal(3, calls);
    }

    [Fact]
    public async Task What_stays_throttled_is_told()
    {
        await using var lambda = new ScriptedServer(_ => HttpAnswer.Json(429, "{}", ("x-amzn-ErrorType", "TooManyRequestsException")));

        var run = await RunAsync(lambda.Url, "status");

        Assert.Equal(3, run.ExitCode);
        Assert.Contains("Lambda has no room to run prod-Operate (TooManyRequestsException)", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_error_of_the_function_is_told_with_the_log_that_says_more()
    {
        await using var lambda = new ScriptedServer(_ => HttpAnswer.Json(
            200, """{"errorType":"Sandbox.Timedout","errorMessage":"Task timed out after 300.00 seconds"}""", ("X-Amz-Function-Error", "Unhandled")));

        var run = await RunAsync(lambda.Url, "status");

        Assert.Equal(3, run.ExitCode);
        Assert.Contains("failed: Task timed out after 300.00 seconds. Its log says more", run.Errors, StringComparison.Ordinal);
        Assert.Contains("/aws/lambda/prod-Operate", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_that_is_not_there_is_told()
    {
        var run = await RunAsync("http://127.0.0.1:1", "status");

        Assert.Equal(3, run.ExitCode);
        Assert.Contains("Lambda in eu-central-2 cannot be reached at 127.0.0.1", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_credentials_it_says_how_to_sign_in()
    {
        var run = await RunAsync("http://127.0.0.1:1", ["status"], ("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", ""));

        Assert.Equal(3, run.ExitCode);
        Assert.Contains("There are no AWS credentials that can be used", run.Errors, StringComparison.Ordinal);
        Assert.Contains("aws sso login", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_profile_gives_credentials_and_region_and_one_that_is_not_there_is_told()
    {
        await using var lambda = new ScriptedServer(_ => HttpAnswer.Json(200, """{"operations":[]}"""));
        var config = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(
                config, "[profile ops]\nregion = eu-north-1\naws_access_key_id = AKOFPROFILE\naws_secret_access_key = secret\n", Ct);
            (string, string)[] variables = [("AWS_CONFIG_FILE", config), ("AWS_SHARED_CREDENTIALS_FILE", config), ("AWS_REGION", "")];

            await RunAsync(lambda.Url, ["operations", "--profile", "ops"], variables);
            var missing = await RunAsync(lambda.Url, ["operations", "--profile", "absent"], variables);

            Assert.Contains("Credential=AKOFPROFILE/", Assert.Single(lambda.Requests).Header("Authorization"), StringComparison.Ordinal);
            Assert.Contains("/eu-north-1/lambda/", lambda.Requests[0].Header("Authorization"), StringComparison.Ordinal);
            Assert.Equal(2, missing.ExitCode);
            Assert.Contains("--profile: the AWS config and credentials files have no such profile.", missing.Errors, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(config);
        }
    }

    [Theory]
    [InlineData("a/../b", "--stack: a stack's name has letters, digits and dashes")]
    [InlineData("prod:act", "--stack: a stack's name has letters, digits and dashes")]
    public async Task A_name_that_is_no_stacks_is_refused(string stack, string sentence)
    {
        var run = await RunAsync("http://127.0.0.1:1", ["status", "--stack", stack]);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(sentence, run.Errors, StringComparison.Ordinal);
    }

    private static Task<ProgramRun> RunAsync(string lambda, params string[] arguments) => RunAsync(lambda, arguments, []);

    private static Task<ProgramRun> RunAsync(string lambda, string[] arguments, params (string Name, string Value)[] variables)
    {
        var environment = ScriptedStack.Environment(lambda);
        foreach (var (name, value) in variables)
        {
            environment[name] = value;
        }

        return ProgramRun.OfAsync(ScriptedStack.Command(arguments), Patience, Ct, environment);
    }
}
