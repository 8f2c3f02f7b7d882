using System.Text.Json.Nodes;
using Relaybox.Local.Aws;
using Relaybox.Local.Processes;
using Relaybox.Local.Running;
using Relaybox.Local.Stores.DynamoDb;
using Relaybox.Testing;

namespace Relaybox.Local.Tests.Running;

/// <summary>The whole runner, with a worker that does what its events say.</summary>
public sealed class LocalRunnerTests(RunningStack stack) : IClassFixture<RunningStack>
{
    private LocalRunner Runner => stack.Runner;

    private LinesOutput Output => stack.Output;

    private AwsJsonClient Sqs => AwsJsonClient.Sqs(Runner.Servers.Sqs);

    [Fact]
    public async Task A_row_reaches_the_stream_function_and_a_message_the_queue_function()
    {
        var row = new JsonObject { ["eventId"] = new JsonObject { ["S"] = "1" } };
        await AwsJsonClient.DynamoDb(((DynamoDbRun)Runner.Servers.Store).Endpoint).CallAsync(
            "PutItem", new JsonObject { ["TableName"] = Runner.Environment["OUTBOX_TABLE"], ["Item"] = row }, TestContext.Current.CancellationToken);
        await SendAsync("{}");

        await Eventually.TrueAsync(() => Output.Contains("Relay: {\"level\":\"Information\",\"message\":\"handled 1 records\"}"), "the row");
        await Eventually.TrueAsync(() => Output.Contains("Consume: {\"level\":\"Information\",\"message\":\"handled 1 records\"}"), "the message");
        await Eventually.TrueAsync(async () => await CountAsync("QUEUE_URL") == 0, "the message's deletion");
    }

    [Fact]
    public async Task A_message_that_kills_its_function_goes_to_the_dead_letter_queue_and_the_function_lives_on()
    {
        var before = Runner.Functions["Consume"].Pids.Single();
        await SendAsync("""{"do":"crash"}""");

        await Eventually.TrueAsync(async () => await CountAsync("DEAD_LETTER_QUEUE_URL") == 1, "the dead letter");
        await Eventually.TrueAsync(() => Runner.Functions["Consume"].Pids is [var pid, ..] && pid != before, "another worker");
        await SendAsync("{}");
        await Eventually.TrueAsync(() => Output.Contains("handled 1 records"), "the next message");
    }

    [Fact]
    public async Task The_state_folder_names_every_process_while_it_runs_and_nothing_afterwards()
    {
        await using var own = new RunningStack();
        await own.InitializeAsync();
        var files = new StateFiles(own.StateDirectory);
        var running = files.ReadProcesses()!;
        Assert.Equal(Environment.ProcessId, running.RunnerPid);
        Assert.Equal(["Consume", "Relay", "Sweep"], running.Functions.Select(function => function.Function).Order());
        Assert.Equal(["dynamodb", "sqs"], running.Emulators.Select(emulator => emulator.Emulator));
        Assert.All(running.Functions, function => Assert.True(ProcessIdentity.IsWorker(function.Pid)));
        Assert.All(running.Emulators, emulator => Assert.True(ProcessIdentity.Is(emulator.Pid, emulator.StartTime)));
        Assert.Contains(
            "export OUTBOX_TABLE=relaybox-OutboxTable\n",
            await File.ReadAllTextAsync(files.EnvironmentPath, TestContext.Current.CancellationToken),
            StringComparison.Ordinal);

        await own.Runner.DisposeAsync();

        Assert.Null(files.ReadProcesses());
        Assert.All(
            running.Functions.Select(function => function.Pid).Concat(running.Emulators.Select(emulator => emulator.Pid)),
            pid => Assert.False(Signals.Exists(pid)));
    }

    [Fact]
    public async Task A_worker_that_is_killed_while_idle_is_replaced_and_written_down()
    {
        var files = new StateFiles(stack.StateDirectory);
        var pid = files.ReadProcesses()!.Functions.Single(function => function.Function == "Sweep").Pid;
        Signals.Send(pid, Signals.Kill);
        await Eventually.TrueAsync(
            () => files.ReadProcesses()?.Functions.SingleOrDefault(function => function.Function == "Sweep").Pid is { } other
                && other != pid
                && other != 0,
            "the new worker in processes.json");
        var result = await Runner.InvokeAsync(Runner.Functions["Sweep"], null, TestContext.Current.CancellationToken);
        Assert.Equal("""{"job":"sweep"}""", result.Text);
    }

    private Task<JsonObject> SendAsync(string body) => Sqs.CallAsync(
        "SendMessage",
        new JsonObject { ["QueueUrl"] = Runner.Environment["QUEUE_URL"], ["MessageBody"] = body },
        TestContext.Current.CancellationToken);

    private Task<int> CountAsync(string variable) =>
        new Relaybox.Local.EventSources.QueueClient(Sqs, Runner.Environment[variable]).CountAsync(TestContext.Current.CancellationToken);
}
