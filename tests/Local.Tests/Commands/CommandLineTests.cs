using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Relaybox.Local.Processes;
using Relaybox.Local.Running;
using Relaybox.Testing;

namespace Relaybox.Local.Tests.Commands;

/// <summary>The program as a person or a script runs it.</summary>
public sealed class CommandLineTests : IAsyncDisposable
{
    private readonly TemporaryFolder _state = new();

    public async ValueTask DisposeAsync()
    {
        await RunAsync("down");
        _state.Dispose();
    }

    [Fact]
    public async Task A_detached_run_answers_calls_until_it_is_taken_down()
    {
        var up = await RunAsync("up", "--detach", "--port-base", "0");
        Assert.True(up.Code == 0, up.Output);
        var running = new StateFiles(_state.Path).ReadProcesses()!;

        var invoked = await RunAsync("invoke", "Sweep");
        Assert.Equal((0, "{\"job\":\"sweep\"}\n"), (invoked.Code, invoked.Output));
        var failed = await RunAsync("invoke", "Sweep", "--event", """{"do":"fail"}""");
        Assert.Equal(1, failed.Code);
        var unknown = await RunAsync("invoke", "Nothing");
        Assert.Equal(2, unknown.Code);
        Assert.Contains("There are: Relay, Consume, Sweep.", unknown.Output, StringComparison.Ordinal);
        var second = await RunAsync("up", "--port-base", "0");
        Assert.Equal(2, second.Code);
        Assert.Contains("./run down", second.Output, StringComparison.Ordinal);

        Assert.Equal(0, (await RunAsync("down")).Code);
        Assert.All(Pids(running), pid => Assert.False(IsRunning(pid)));
        Assert.Equal("Nothing is running.\n", (await RunAsync("down")).Output);
    }

    [Fact]
    public async Task A_runner_that_is_killed_leaves_nothing_behind()
    {
        var up = await RunAsync("up", "--detach", "--port-base", "0");
        Assert.True(up.Code == 0, up.Output);
        var running = new StateFiles(_state.Path).ReadProcesses()!;

        Signals.Send(running.RunnerPid, Signals.Kill);
        await Eventually.TrueAsync(() => Pids(running).All(pid => !IsRunning(pid)), "the end of all processes");
        Assert.Equal(0, (await RunAsync("down")).Code);
        Assert.False(File.Exists(Path.Combine(_state.Path, "processes.json")));
    }

    [Fact]
    public async Task A_taken_port_ends_with_code_2_and_says_what_to_do()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var up = await RunAsync("up", "--detach", "--port-base", $"{port}");
        Assert.Equal(2, up.Code);
        Assert.Contains($"Port {port} (DynamoDB) is taken.", up.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Functions_that_are_not_built_are_said_plainly()
    {
        var up = await RunAsync("up", "--port-base", "0", "--functions-dir", _state.Path);
        Assert.Equal(2, up.Code);
        Assert.Contains("The functions have not been built", up.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", up.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_is_missing_is_named_with_what_to_install()
    {
        using var programs = new TemporaryFolder();
        foreach (var name in new[] { "dotnet", "node", "setsid" })
        {
            File.CreateSymbolicLink(Path.Combine(programs.Path, name), Executables.Find(name)!);
        }

        var up = await RunAsync("up", ["--port-base", "0"], programs.Path);
        Assert.Equal(2, up.Code);
        Assert.Contains("DynamoDB Local needs `java`, which is not on the PATH. Install", up.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_option_ends_with_code_2() => Assert.Equal(2, (await RunAsync("up", "--nonsense")).Code);

    [Theory]
    [InlineData("postgres://u:canary@127.0.0.1/x")]
    [InlineData("--url=postgres://u:canary@127.0.0.1/x")]
    [InlineData("--port-base", "canary-4711")]
    [InlineData("--port-base=canary-4711")]
    [InlineData("--store", "canary-4711")]
    [InlineData("--broker", "canary-4711")]
    [InlineData("--parameter", "canary-4711")]
    [InlineData("--parameter", "canary=4711")]
    [InlineData("--parameter", "Store=canary-4711")]
    [InlineData("--nonsense", "canary-4711")]
    public async Task What_is_wrong_on_the_command_line_is_never_repeated(params string[] arguments)
    {
        var up = await RunAsync("up", arguments);
        Assert.Equal(2, up.Code);
        Assert.StartsWith("relaybox-local: ", up.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", up.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--store", "There is no such store here. Choose one of: dynamodb, postgres, mongodb, mysql, redis.")]
    [InlineData("--broker", "There is no such broker here. Choose one of: sqs, nats.")]
    public async Task An_unknown_store_or_broker_is_refused_with_those_that_there_are(string option, string sentence)
    {
        var up = await RunAsync("up", option, "paper");
        Assert.Equal((2, $"relaybox-local: {sentence}\n"), (up.Code, up.Output));
    }

    private static IEnumerable<int> Pids(RunningProcesses running) =>
        [running.RunnerPid, .. running.Functions.Select(function => function.Pid), .. running.Emulators.Select(emulator => emulator.Pid)];

    // Nobody may collect what a killed parent leaves: a zombie has ended.
    private static bool IsRunning(int pid)
    {
        try
        {
            return !File.ReadAllText($"/proc/{pid}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private Task<(int Code, string Output)> RunAsync(string command, params string[] arguments) => RunAsync(command, arguments, null);

    private async Task<(int Code, string Output)> RunAsync(string command, string[] arguments, string? path)
    {
        var start = new ProcessStartInfo(Executables.Find("dotnet")!) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PATH"] = path ?? Environment.GetEnvironmentVariable("PATH");
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "relaybox-local.dll"));
        start.ArgumentList.Add(command);
        start.ArgumentList.Add("--state-dir");
        start.ArgumentList.Add(_state.Path);
        if (command == "up")
        {
            start.ArgumentList.Add("--template");
            start.ArgumentList.Add(TestFiles.Stack);
            if (!arguments.Contains("--functions-dir"))
            {
                start.ArgumentList.Add("--functions-dir");
                start.ArgumentList.Add(TestFiles.Workers);
            }
        }

        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        timeout.CancelAfter(TimeSpan.FromSeconds(60));
        var output = process.StandardOutput.ReadToEndAsync(timeout.Token);
        var errors = process.StandardError.ReadToEndAsync(timeout.Token);
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }

        return (process.ExitCode, await output + await errors);
    }
}
