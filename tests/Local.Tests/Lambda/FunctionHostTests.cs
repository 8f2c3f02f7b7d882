using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Relaybox.Local.Lambda;
using Relaybox.Local.Processes;
using Relaybox.Local.Servers;
using Relaybox.Local.Stack;
using Relaybox.Testing;

namespace Relaybox.Local.Tests.Lambda;

/// <summary>Real processes against a real Runtime API.</summary>
public sealed class FunctionHostTests : IAsyncLifetime
{
    private static readonly Dictionary<string, Uri> Nowhere = new() { ["SQS"] = new Uri("http://127.0.0.1:9/") };

    private readonly Dictionary<string, FunctionHost> _hosts = [];
    private readonly LinesOutput _output = new();
    private RuntimeApiServer _server = null!;

    public async ValueTask InitializeAsync() =>
        _server = await RuntimeApiServer.StartAsync(NetworkPorts.Free(1)[0], _hosts, null, TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        foreach (var host in _hosts.Values)
        {
            await host.DisposeAsync();
        }

        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_function_answers_its_event()
    {
        var host = Start();
        var result = await InvokeAsync(host, """{"hello":"world"}""");
        Assert.True(result.Succeeded);
        Assert.Equal("""{"hello":"world"}""", result.Text);
    }

    [Fact]
    public async Task A_function_sees_the_environment_of_Lambda_and_none_of_this_machine()
    {
        Environment.SetEnvironmentVariable("AWS_PROFILE", "production");
        var host = Start(new() { ["SETTING"] = "x" });
        var environment = JsonNode.Parse((await InvokeAsync(host, """{"do":"environment"}""")).Text)!;
        Assert.Equal("function", (string?)environment["AWS_LAMBDA_FUNCTION_NAME"]);
        Assert.Equal("256", (string?)environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]);
        Assert.Equal("$LATEST", (string?)environment["AWS_LAMBDA_FUNCTION_VERSION"]);
        Assert.Equal("/aws/lambda/function", (string?)environment["AWS_LAMBDA_LOG_GROUP_NAME"]);
        Assert.Equal("http://127.0.0.1:9", (string?)environment["AWS_ENDPOINT_URL_SQS"]);
        Assert.Equal("x", (string?)environment["SETTING"]);
        Assert.Null(environment["AWS_PROFILE"]);
    }

    [Fact]
    public async Task An_event_comes_with_its_id_deadline_and_trace()
    {
        var host = Start();
        var before = DateTimeOffset.UtcNow;
        var result = await InvokeAsync(host, """{"do":"headers"}""");
        var headers = JsonNode.Parse(result.Text)!;
        Assert.Equal(result.RequestId, (string?)headers["lambda-runtime-aws-request-id"]);
        Assert.Equal(host.FunctionArn, (string?)headers["lambda-runtime-invoked-function-arn"]);
        Assert.Matches("^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$", (string?)headers["lambda-runtime-trace-id"]);
        var deadline = long.Parse((string)headers["lambda-runtime-deadline-ms"]!, System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(deadline, before.AddSeconds(2).ToUnixTimeMilliseconds(), DateTimeOffset.UtcNow.AddSeconds(2).ToUnixTimeMilliseconds());
    }

    [Fact]
    public async Task An_error_is_the_events_own_and_the_process_stays()
    {
        var host = Start();
        var pid = (await InvokeAsync(host, """{"do":"pid"}""")).Text;
        var result = await InvokeAsync(host, """{"do":"fail"}""");
        Assert.Equal("Scripted", result.ErrorType);
        Assert.Equal(pid, (await InvokeAsync(host, """{"do":"pid"}""")).Text);
    }

    [Fact]
    public async Task A_crash_fails_the_event_and_another_process_takes_over()
    {
        var host = Start();
        var pid = (await InvokeAsync(host, """{"do":"pid"}""")).Text;
        var result = await InvokeAsync(host, """{"do":"crash"}""");
        Assert.Equal("Runtime.ExitError", result.ErrorType);
        Assert.Contains("exit status 3", result.Text, StringComparison.Ordinal);
        Assert.NotEqual(pid, (await InvokeAsync(host, """{"do":"pid"}""")).Text);
    }

    [Fact]
    public async Task A_function_that_does_not_end_in_time_is_killed_and_replaced()
    {
        var host = Start(timeoutSeconds: 1);
        var pid = int.Parse((await InvokeAsync(host, """{"do":"pid"}""")).Text, System.Globalization.CultureInfo.InvariantCulture);
        var result = await InvokeAsync(host, """{"do":"hang"}""");
        Assert.Equal("Sandbox.Timedout", result.ErrorType);
        Assert.Contains("Task timed out after 1.00 seconds", result.Text, StringComparison.Ordinal);
        await Eventually.TrueAsync(() => !host.Pids.Contains(pid), "the end of the process");
        Assert.True((await InvokeAsync(host, "{}")).Succeeded);
    }

    [Theory]
    [InlineData("fail", "Scripted.Init")]
    [InlineData("exit", "Runtime.ExitError")]
    public async Task A_function_that_cannot_initialise_fails_its_event(string atStart, string errorType)
    {
        var host = Start(new() { ["AT_START"] = atStart });
        var result = await InvokeAsync(host, "{}");
        Assert.Equal(errorType, result.ErrorType);
        Assert.True(_output.Contains("could not initialise"));
    }

    [Fact]
    public async Task Who_waits_for_a_function_that_never_initialises_is_told_why()
    {
        var host = Start(new() { ["AT_START"] = "fail" });
        var error = await Assert.ThrowsAsync<RunnerException>(
            () => host.WaitUntilReadyAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System));
        Assert.Contains("could not initialise: Scripted.Init", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Events_at_the_same_time_get_processes_of_their_own_up_to_the_limit()
    {
        var host = Start(maximumWorkers: 2);
        var sleeps = Enumerable.Range(0, 4).Select(_ => InvokeAsync(host, """{"do":"sleep","ms":300}""")).ToArray();
        await Eventually.TrueAsync(() => host.Pids.Count == 2, "the second process");
        Assert.All(await Task.WhenAll(sleeps), result => Assert.True(result.Succeeded));
        Assert.Equal(2, host.Pids.Count);
    }

    [Fact]
    public async Task An_answer_to_something_that_was_not_asked_is_refused()
    {
        Start();
        using var http = new HttpClient();
        foreach (var path in new[] { "Function/1/2018-06-01/runtime/invocation/unknown/response", "Other/1/2018-06-01/runtime/init/error" })
        {
            using var content = new StringContent("{}");
            using var response = await http.PostAsync(
                new Uri($"http://127.0.0.1:{_server.Port}/{path}"), content, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        }
    }

    [Fact]
    public async Task A_process_that_uses_more_memory_than_its_function_has_is_killed_and_another_takes_over()
    {
        var host = Start(timeoutSeconds: 60);
        var pid = (await InvokeAsync(host, """{"do":"pid"}""")).Text;
        var result = await InvokeAsync(host, """{"do":"hoard","megabytes":300}""");
        Assert.Equal("Runtime.OutOfMemory", result.ErrorType);
        Assert.Contains(_output.Lines, line => line.Contains("more than its 256 MB", StringComparison.Ordinal));
        Assert.NotEqual(pid, (await InvokeAsync(host, """{"do":"pid"}""")).Text);
    }

    [Fact]
    public async Task Nothing_is_left_after_the_end()
    {
        var host = Start();
        await InvokeAsync(host, "{}");
        var pid = host.Pids.Single();
        await host.DisposeAsync();
        Assert.False(Signals.Exists(pid));
        _hosts.Clear();
    }

    private static Task<InvocationResult> InvokeAsync(FunctionHost host, string payload) =>
        host.InvokeAsync(Encoding.UTF8.GetBytes(payload), TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(30));

    private FunctionHost Start(Dictionary<string, string>? environment = null, int timeoutSeconds = 2, int maximumWorkers = 1)
    {
        var definition = new FunctionDefinition(
            "Function", "Function", "function", "scripted-worker", timeoutSeconds, 256, null, 2, 21_600, environment ?? [], []);
        var command = WorkerCommand.Find(TestFiles.Workers, definition.Handler);
        var host = new FunctionHost(
            definition,
            new FunctionHostOptions
            {
                MaximumWorkers = maximumWorkers,
                StartWorker = (function, worker) => ChildProcess.Start(
                    command.Program,
                    command.Arguments,
                    null,
                    WorkerEnvironment.Create(
                        function, _server.AddressOf(function.ShortName, worker), worker, _server.Port, Nowhere, new Dictionary<string, string>()),
                    line => _output.FunctionLine(function.ShortName, line)),
            },
            _output,
            TimeProvider.System);
        _hosts.Add(definition.ShortName, host);
        host.Start();
        return host;
    }
}
