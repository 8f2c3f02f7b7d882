using System.Text.Json;
using Amazon.Runtime;
using Amazon.SQS;
using Relaybox.Testing;
using static Relaybox.EndToEnd.Tests.RunningStack;

namespace Relaybox.EndToEnd.Tests.Operating;

/// <summary>
/// An operator has a running stack examined, directly and by its function. DynamoDB Local and the SQS emulator stand for AWS.
/// </summary>
public sealed class DoctorTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_stack_is_healthy_until_something_is_wrong_with_it_and_the_doctor_says_what()
    {
        await using var stack = await StartAsync();
        var byStack = new CommandLine("--stack", "relaybox", "--region", "eu-central-2", "--env-file", stack.EnvironmentFile);
        var directly = new CommandLine("--env-file", await WithAsync(stack, ("INBOX_LEASE_SECONDS", "5")));
        foreach (var commands in new[] { byStack, directly })
        {
            var healthy = await commands.RunAsync("doctor");
            Assert.True(healthy.ExitCode == 0, healthy.Output + healthy.Errors);
            Assert.Contains("No problem was found.", healthy.Output, StringComparison.Ordinal);
        }

        // Only the function's build knows the handlers.
        Assert.Equal("ok", SeverityOf(await byStack.JsonAsync("doctor"), "handlers"));
        Assert.Equal("unknown", SeverityOf(await directly.JsonAsync("doctor"), "handlers"));

        await ExamineEventSourceAsync(stack, byStack);

        using var sqs = new AmazonSQSClient(
            new BasicAWSCredentials("local", "local"),
            new AmazonSQSConfig { ServiceURL = stack.Variable("AWS_ENDPOINT_URL_SQS"), AuthenticationRegion = stack.Variable("AWS_REGION") });
        await sqs.SetQueueAttributesAsync(stack.Variable("QUEUE_URL"), new Dictionary<string, string> { ["RedrivePolicy"] = "" }, Ct);
        await stack.WriteAsync("unheard", ("subject", S("nobody.listens")), ("status", S("failed")), ("dueShard", S("failed")), ("dueAt", N(1)));
        var sick = await byStack.RunAsync("doctor");
        Assert.Equal(1, sick.ExitCode);
        Assert.Contains("2 problems were found.", sick.Output, StringComparison.Ordinal);
        Assert.Contains("queue.no-redrive: aws sqs set-queue-attributes --queue-url ", sick.Output, StringComparison.Ordinal);
        Assert.Contains("'nobody.listens'", sick.Output, StringComparison.Ordinal);
        Assert.Contains("parked.rows: To see why, and what can be done: relaybox list --stack NAME", sick.Output, StringComparison.Ordinal);
        Assert.Equal(1, (await directly.RunAsync("doctor")).ExitCode);

        await stack.WriteAsync("tomorrow", ("availableAt", N(DateTimeOffset.UtcNow.AddDays(1).ToUnixTimeMilliseconds())));
        await Eventually.TrueAsync(
            async () => (await byStack.RunAsync("list", "state:pending")).Output is var pending
                && pending.Contains("tomorrow", StringComparison.Ordinal) && pending.Contains("in 24 h", StringComparison.Ordinal),
            "a row that is due tomorrow is listed as pending");
    }

    [Fact]
    public async Task Schedules_that_are_off_are_a_problem_and_so_are_settings_and_a_store_that_cannot_be_used_without_a_stack_trace()
    {
        await using var stack = await StartAsync(parameters: ("ScheduleState", "DISABLED"));
        var idle = await new CommandLine("--stack", "relaybox", "--region", "eu-central-2", "--env-file", stack.EnvironmentFile).RunAsync("doctor");
        Assert.Equal(1, idle.ExitCode);
        Assert.Contains("SweepRelayFunctionSchedule", idle.Output.ReplaceLineEndings(""), StringComparison.Ordinal);
        Assert.Contains("schedules.off: Deploy again with ScheduleState=ENABLED", idle.Output, StringComparison.Ordinal);
        Assert.Contains("1 problem was found.", idle.Output, StringComparison.Ordinal);

        var wrong = await new CommandLine("--env-file", await WithAsync(stack, ("OUTBOX_TABLE", "x y"))).RunAsync("doctor");
        Assert.Equal((1, ""), (wrong.ExitCode, wrong.Errors));
        Assert.Contains("settings.wrong", wrong.Output, StringComparison.Ordinal);

        var away = await WithAsync(
            stack, ("STORE", "postgres"), ("OUTBOX_TABLE", "outbox"), ("INBOX_TABLE", "inbox"), ("JOBS_TABLE", "jobs"),
            ("EFFECTS_TABLE", "effects"), ("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing"), ("INBOX_LEASE_SECONDS", "5"));
        var unreachable = await new CommandLine("--env-file", away).RunAsync("doctor");
        Assert.Equal((3, ""), (unreachable.ExitCode, unreachable.Errors));
        Assert.Contains("store.failed", unreachable.Output, StringComparison.Ordinal);
        Assert.Contains("1 problem was found.", unreachable.Output, StringComparison.Ordinal);
    }

    // Somebody switches it off by hand, and after a pause on again.
    private static async Task ExamineEventSourceAsync(RunningStack stack, CommandLine commands)
    {
        var source = Assert.Single(stack.Runner.Sources!.Mappings, mapping => mapping.FunctionArn.EndsWith("-Consume", StringComparison.Ordinal));
        source.Switch.Turn(false);
        var off = await commands.RunAsync("doctor");
        Assert.Equal(1, off.ExitCode);
        Assert.Contains("event-sources.off: To switch it on: relaybox resume consumer --stack relaybox", off.Output, StringComparison.Ordinal);

        Assert.Equal(0, (await commands.RunAsync("resume", "consumer")).ExitCode);
        Assert.Equal("ok", SeverityOf(await commands.JsonAsync("doctor"), "event-sources"));

        Assert.Equal(0, (await commands.RunAsync("pause", "consumer", "--reason", "a migration")).ExitCode);
        Assert.Equal("ok", SeverityOf(await commands.JsonAsync("doctor"), "event-sources"));

        source.Switch.Turn(true);
        Assert.Equal("warning", SeverityOf(await commands.JsonAsync("doctor"), "event-sources.on"));
        Assert.Equal(0, (await commands.RunAsync("resume", "consumer")).ExitCode);
    }

    private static string? SeverityOf(JsonElement answer, string id) => Assert.Single(
        answer.GetProperty("findings").EnumerateArray(), finding => finding.GetProperty("id").GetString() == id).GetProperty("severity").GetString();

    private static async Task<string> WithAsync(RunningStack stack, params (string Name, string Value)[] variables)
    {
        var names = variables.Select(variable => $"export {variable.Name}=").ToList();
        var lines = (await File.ReadAllLinesAsync(stack.EnvironmentFile, Ct))
            .Where(line => !names.Exists(name => line.StartsWith(name, StringComparison.Ordinal)));
        var file = $"{stack.EnvironmentFile}-{Guid.NewGuid():N}";
        await File.WriteAllLinesAsync(file, lines.Concat(variables.Select(variable => $"export {variable.Name}='{variable.Value}'")), Ct);
        return file;
    }
}
