using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Relaybox.Local.Demo;
using Relaybox.Testing;
using static Relaybox.EndToEnd.Tests.RunningStack;

namespace Relaybox.EndToEnd.Tests.Operating;

/// <summary>
/// An operator reaches a running stack by its function Operate alone, as on AWS: the runner serves Lambda's Invoke, and DynamoDB Local and the
/// SQS emulator stand for AWS.
/// </summary>
public sealed class StackCommandTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Parked_rows_are_found_explained_shown_and_sent_again_by_the_function()
    {
        var lines = new ConcurrentQueue<string>();
        await using var stack = await StartAsync(lines);
        var commands = Commands(stack);
        await ParkAsync(stack, 3);

        Assert.Equal(3, (await commands.JsonAsync("status")).GetProperty("counts").GetProperty("failed").GetInt64());
        var listed = await commands.RunAsync("list", "error:publish.*");
        Assert.Contains("relaybox why row-0 --stack relaybox --region eu-central-2", listed.Output, StringComparison.Ordinal);
        Assert.Contains(
            "after 10 failed attempts: publish.rejected: The queue refused it.", (await commands.RunAsync("why", "row-0")).Output,
            StringComparison.Ordinal);
        Assert.False((await commands.JsonAsync("show", "row-0")).GetProperty("row").TryGetProperty("payload", out _));
        Assert.DoesNotContain(lines, line => line.Contains("\"eventId\":2401", StringComparison.Ordinal));
        Assert.Equal(
            """{"orderId":"row-0"}""",
            (await commands.JsonAsync("show", "row-0", "--payload")).GetProperty("row").GetProperty("payload").GetString());

        // The stack logs errors alone, and keeps its audit.
        await AuditedAsync(lines, 2401, Environment.UserName, "by alias payload for row row-0");

        using var stop = new CancellationTokenSource();
        var sweeping = stack.SweepAsync(stop.Token);
        var redriven = await commands.JsonAsync("redrive", "error:publish.*", "--yes", "--reason", "the queue takes them now");
        var operation = redriven.GetProperty("operation");
        Assert.Equal(("done", 3), (operation.GetProperty("state").GetString(), operation.GetProperty("applied").GetInt64()));
        Assert.All(await stack.EffectsOfAsync(["row-0", "row-1", "row-2"]), effect => Assert.Equal(1, effect.Value));
        await stop.CancelAsync();
        await sweeping;
        await AuditedAsync(lines, 2402, Environment.UserName, "by alias act: Begin Redrive");
        await AuditedAsync(lines, 2404, operation.GetProperty("id").GetString()!, "has ended: Done; 3 rows changed");

        await stack.ParkAsync("unwanted", DateTimeOffset.UtcNow.AddMinutes(-1));
        var purged = (await commands.JsonAsync("purge", "id:unwanted", "--yes", "--reason", "nobody needs it")).GetProperty("operation");
        await AuditedAsync(lines, 2408, purged.GetProperty("id").GetString()!, "deletes the rows unwanted");
        Assert.DoesNotContain(lines, line => line.Contains("orderId", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_redrive_whose_command_line_was_killed_is_ended_by_the_schedule()
    {
        await using var stack = await StartAsync([]);
        var commands = Commands(stack);
        await ParkAsync(stack, 12);

        // One row in a second: it is still at it when it is killed. No relay runs by then, which the operation waits for a while.
        var start = new ProcessStartInfo("dotnet", commands.Arguments("redrive", "state:failed", "--yes", "--reason", "to be killed", "--rate", "1"))
        {
            WorkingDirectory = RepositoryRoot.Path, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        using (var commandLine = Process.Start(start)!)
        {
            string? said;
            do
            {
                said = await commandLine.StandardError.ReadLineAsync(Ct).AsTask().WaitAsync(CommandLine.Patience, Ct);
            }
            while (said?.Contains("the stack goes on with it", StringComparison.Ordinal) == false);
            Assert.NotNull(said);
            commandLine.Kill(entireProcessTree: true);
            await commandLine.WaitForExitAsync(Ct);
        }

        var left = Assert.Single(await OperationsAsync(commands));
        Assert.Equal("running", left.GetProperty("state").GetString());
        using var stop = new CancellationTokenSource();
        var sweeping = stack.SweepAsync(stop.Token);
        await Eventually.TrueAsync(
            async () =>
            {
                await stack.InvokeAsync("Operate");
                return Assert.Single(await OperationsAsync(commands)).GetProperty("state").GetString() == "done";
            },
            $"the schedule has ended it. {stack.Output}",
            TimeSpan.FromMinutes(6));
        await stop.CancelAsync();
        await sweeping;

        Assert.Equal(12, Assert.Single(await OperationsAsync(commands)).GetProperty("applied").GetInt64());
        Assert.All(await stack.EffectsOfAsync([.. Enumerable.Range(0, 12).Select(i => $"row-{i}")]), effect => Assert.Equal(1, effect.Value));
    }

    [Theory]
    [InlineData("dynamodb", "sqs")]
    [InlineData("postgres", "nats")]
    public async Task What_is_paused_rests_until_it_is_resumed(string store, string broker)
    {
        await using var stack = await RunningStack.StartAsync(
            configure: options => options with
            {
                Environment = new Dictionary<string, string>(options.Environment) { ["SWEEP_LISTEN_SECONDS"] = "1", ["PULL_SECONDS"] = "1" },
            },
            parameters: [("Store", store), ("Broker", broker)]);
        await using var app = stack.Runner.CreateDemoApp();
        await app.PrepareAsync(Ct);
        var commands = Commands(stack);
        Assert.Equal(2, (await commands.RunAsync("pause", "relay")).ExitCode);

        // The consumer rests: what is sent waits.
        await commands.JsonAsync("pause", "consumer", "--reason", "a migration");
        Assert.True(await app.PlaceAsync(Order.Create(1, DateTimeOffset.UtcNow), Ct));
        await Eventually.TrueAsync(
            async () =>
            {
                await stack.InvokeAsync("SweepRelay");
                return await app.CountSentAsync(Ct) == 1;
            },
            $"the first order is sent. {stack.Output}");
        await PullAsync(stack);
        Assert.True(await stack.Runner.Sources.CountWaitingAsync(Ct) > 0);
        Assert.Equal(0, await app.CountEffectsAsync(Ct));

        // The relay rests, too.
        var paused = await commands.RunAsync("pause", "relay", "--reason", "the same");
        Assert.Contains(
            "To let it work again: relaybox resume relay --stack relaybox --region eu-central-2", paused.Output, StringComparison.Ordinal);
        Assert.True(await app.PlaceAsync(Order.Create(2, DateTimeOffset.UtcNow), Ct));
        Assert.Contains("\"affected\":0", await stack.InvokeAsync("SweepRelay"), StringComparison.Ordinal);
        Assert.Equal((1, 0), (await app.CountSentAsync(Ct), await app.CountEffectsAsync(Ct)));
        Assert.Equal(2, (await commands.JsonAsync("status")).GetProperty("pauses").GetArrayLength());

        await commands.JsonAsync("resume", "relay");
        Assert.Empty((await commands.JsonAsync("resume", "consumer")).GetProperty("pauses").EnumerateArray());
        await Eventually.TrueAsync(
            async () =>
            {
                await stack.InvokeAsync("SweepRelay");
                await PullAsync(stack);
                return await app.CountEffectsAsync(Ct) == 2;
            },
            $"both orders have their effect. {stack.Output}");
        Assert.All(await app.ReadEffectsAsync(Ct), effect => Assert.Equal(1, effect.Value.Applied));
    }

    private static Task PullAsync(RunningStack stack) =>
        stack.Runner.Functions.ContainsKey("PullConsume") ? stack.InvokeAsync("PullConsume") : Task.CompletedTask;

    private static Task<RunningStack> StartAsync(ConcurrentQueue<string> lines) => RunningStack.StartAsync(
        configure: options => options with
        {
            Environment = new Dictionary<string, string>(options.Environment) { ["LOG_LEVEL"] = "Error" },
            OnFunctionLine = (function, line) =>
            {
                if (function == "Operate")
                {
                    lines.Enqueue(line);
                }
            },
        });

    private static async Task ParkAsync(RunningStack stack, int rows)
    {
        var parkedAt = DateTimeOffset.UtcNow.AddMinutes(-10);
        for (var i = 0; i < rows; i++)
        {
            await stack.ParkAsync($"row-{i}", parkedAt.AddMilliseconds(i));
        }
    }

    private static Task AuditedAsync(ConcurrentQueue<string> lines, int eventId, params string[] words) => Eventually.TrueAsync(
        () => lines.Any(line => line.Contains($"\"eventId\":{eventId}", StringComparison.Ordinal)
            && line.Contains("\"requestId\":\"", StringComparison.Ordinal)
            && words.All(word => line.Contains(word, StringComparison.Ordinal))),
        $"an audit line {eventId} with {string.Join(", ", words)} among:\n{string.Join('\n', lines)}");

    private static async Task<List<JsonElement>> OperationsAsync(CommandLine commands) =>
        [.. (await commands.JsonAsync("operations")).GetProperty("operations").EnumerateArray()];

    private static CommandLine Commands(RunningStack stack) =>
        new("--stack", "relaybox", "--region", "eu-central-2", "--env-file", stack.EnvironmentFile);
}
