using System.CommandLine;
using System.Text;
using System.Text.Json.Nodes;
using Relaybox.Local.Running;

namespace Relaybox.Local.Commands;

/// <summary>Calls a function of the running stack, as its schedule would.</summary>
internal static class InvokeCommand
{
    public static Command Create()
    {
        var function = new Argument<string>("FUNCTION") { Description = "A function by its short name, such as SweepRelay" };
        var payload = new Option<string?>("--event") { Description = "JSON, or @FILE. Default: the input of the function's schedule, else {}" };
        var stateDirectory = StackCommandOptions.StateDirectoryOption();
        var functionsDirectory = new Option<DirectoryInfo?>("--functions-dir") { Hidden = true };
        var command = new Command("invoke", "Call a function of the running stack now and print its response");
        command.Arguments.Add(function);
        command.Options.Add(payload);
        command.Options.Add(stateDirectory);
        command.Options.Add(functionsDirectory);
        command.SetAction(async (result, cancellationToken) => await RunAsync(
            result.GetValue(function)!,
            await ReadAsync(result.GetValue(payload), cancellationToken),
            new StateFiles(StackCommandOptions.ResolveStateDirectory(result.GetValue(stateDirectory))),
            cancellationToken));
        return command;
    }

    private static async Task<string> ReadAsync(string? payload, CancellationToken cancellationToken)
    {
        if (payload is not ['@', .. var path])
        {
            return payload ?? "";
        }

        return File.Exists(path)
            ? await File.ReadAllTextAsync(path, cancellationToken)
            : throw new RunnerException("--event: there is no such file.");
    }

    private static async Task<int> RunAsync(string function, string payload, StateFiles state, CancellationToken cancellationToken)
    {
        if (state.ReadProcesses() is not { IsReady: true } running || !ProcessIdentity.IsRunner(running.RunnerPid))
        {
            throw new RunnerException("Nothing is running. Start it with `./run up`.");
        }

        // Functions may run for 15 minutes.
        using var http = new HttpClient { Timeout = TimeSpan.FromMinutes(20) };
        using var content = new StringContent(payload, Encoding.UTF8, "application/json");
        var address = new Uri($"http://127.0.0.1:{running.RunnerPort}{ControlEndpoint.PathOf(function)}");
        using var response = await http.PostAsync(address, content, cancellationToken);
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw new RunnerException(text);
        }

        var answer = JsonNode.Parse(text)!;
        Console.WriteLine((string?)answer["payload"]);
        return answer["errorType"] is null ? 0 : 1;
    }
}
