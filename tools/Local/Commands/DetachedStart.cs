using System.Diagnostics;
using System.Globalization;
using Relaybox.Local.Processes;
using Relaybox.Local.Running;

namespace Relaybox.Local.Commands;

/// <summary>Starts `up` again in the background and waits until it is ready.</summary>
internal static class DetachedStart
{
    public static async Task<int> RunAsync(RunnerOptions options, CancellationToken cancellationToken)
    {
        var state = new StateFiles(options.StateDirectory);
        state.RequireNoOtherRunner();
        using var child = Start(options, state.LogPath);
        try
        {
            while (!IsReady(state, child.Id))
            {
                if (child.HasExited)
                {
                    await Console.Error.WriteLineAsync(await File.ReadAllTextAsync(state.LogPath, cancellationToken));
                    return child.ExitCode == 0 ? 1 : child.ExitCode;
                }

                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            Signals.Send(child.Id, Signals.Terminate);
            throw;
        }

        Console.WriteLine($"Running (pid {child.Id}). In a shell: source {state.EnvironmentPath}");
        Console.WriteLine($"Output: {state.LogPath}. Stop: ./run down");
        return 0;
    }

    private static bool IsReady(StateFiles state, int pid) => state.ReadProcesses() is { IsReady: true } running && running.RunnerPid == pid;

    private static Process Start(RunnerOptions options, string log)
    {
        // The shell gives way to the runner (exec), so that the pid is the runner's own; the runner leads a session of
        // its own, so that closing the terminal does not end it.
        var newSession = Executables.Find("setsid") is { } setsid ? $"{setsid} " : "";
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false, WorkingDirectory = Environment.CurrentDirectory };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add($"log=$1; shift; exec {newSession}\"$@\" >\"$log\" 2>&1 </dev/null");
        start.ArgumentList.Add("sh");
        start.ArgumentList.Add(log);
        foreach (var argument in CommandLine(options))
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start) ?? throw new RunnerException("The runner could not be started in the background.");
    }

    private static IEnumerable<string> CommandLine(RunnerOptions options)
    {
        yield return Environment.ProcessPath!;
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            yield return typeof(DetachedStart).Assembly.Location;
        }

        yield return "up";
        yield return "--template";
        yield return options.TemplatePath;
        yield return "--state-dir";
        yield return options.StateDirectory;
        yield return "--functions-dir";
        yield return options.FunctionsDirectory;
        yield return "--port-base";
        yield return options.PortBase.ToString(CultureInfo.InvariantCulture);
        if (options.VisibilitySeconds is { } visibility)
        {
            yield return "--visibility";
            yield return visibility.ToString(CultureInfo.InvariantCulture);
        }

        foreach (var (name, value) in options.Parameters)
        {
            yield return "--parameter";
            yield return $"{name}={value}";
        }
    }
}
