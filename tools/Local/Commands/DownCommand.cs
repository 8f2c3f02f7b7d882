using System.CommandLine;
using System.Diagnostics;
using Relaybox.Local.Processes;
using Relaybox.Local.Running;

namespace Relaybox.Local.Commands;

/// <summary>Stops a runner, and what a runner that was killed has left behind.</summary>
internal static class DownCommand
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(20);

    public static Command Create()
    {
        var stateDirectory = StackCommandOptions.StateDirectoryOption();
        // `run` passes the same options to every command.
        var functionsDirectory = new Option<DirectoryInfo?>("--functions-dir") { Hidden = true };
        var command = new Command("down", "Stop what `up --detach` left running");
        command.Options.Add(stateDirectory);
        command.Options.Add(functionsDirectory);
        command.SetAction(async (result, cancellationToken) =>
            await RunAsync(new StateFiles(StackCommandOptions.ResolveStateDirectory(result.GetValue(stateDirectory))), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(StateFiles state, CancellationToken cancellationToken)
    {
        if (state.ReadProcesses() is not { } running)
        {
            Console.WriteLine("Nothing is running.");
            return 0;
        }

        if (ProcessIdentity.IsRunner(running.RunnerPid))
        {
            Signals.Send(running.RunnerPid, Signals.Terminate);
            if (!await EndedAsync(running.RunnerPid, cancellationToken))
            {
                Signals.Send(running.RunnerPid, Signals.Kill);
            }
        }

        var leftovers = running.Functions.Where(function => ProcessIdentity.IsWorker(function.Pid)).Select(function => function.Pid)
            .Concat(running.Emulators.Where(emulator => ProcessIdentity.Is(emulator.Pid, emulator.StartTime)).Select(emulator => emulator.Pid));
        foreach (var pid in leftovers)
        {
            Signals.Send(pid, Signals.Kill);
        }

        state.TakeOver();
        state.Clear();
        Console.WriteLine("Stopped.");
        return 0;
    }

    private static async Task<bool> EndedAsync(int pid, CancellationToken cancellationToken)
    {
        var elapsed = Stopwatch.StartNew();
        while (ProcessIdentity.IsRunner(pid))
        {
            if (elapsed.Elapsed > Grace)
            {
                return false;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, cancellationToken);
        }

        return true;
    }
}
