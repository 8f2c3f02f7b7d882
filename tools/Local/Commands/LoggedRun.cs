using Relaybox.Local.Demo;
using Relaybox.Local.Running;

namespace Relaybox.Local.Commands;

/// <summary>A stack that lives for one piece of work, with its output in a log and the work's progress on the screen.</summary>
/// <param name="Name">What the log is called.</param>
/// <param name="Progress">The screen.</param>
internal sealed record LoggedRun(string Name, ProgressLine Progress)
{
    /// <summary>Whether what functions warn of goes to the log alone.</summary>
    public bool IsQuiet { get; init; }

    /// <summary>Starts the stack, does the work, and stops everything.</summary>
    /// <param name="options">The stack.</param>
    /// <param name="ready">What to say once it works.</param>
    /// <param name="work">The work; it says whether it went well.</param>
    /// <param name="cancellationToken">Ctrl-C.</param>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(
        RunnerOptions options, string ready, Func<LocalRunner, IDemoApp, Task<bool>> work, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(options.StateDirectory);
        var logPath = Path.Combine(options.StateDirectory, $"{Name}.log");
        using var output = new DemoOutput(Progress, logPath) { IsQuiet = IsQuiet };
        Progress.Say("Starting the servers and the functions ...");
        try
        {
            await using var runner = await LocalRunner.StartAsync(options, output, cancellationToken);
            Progress.Say($"Ready; logs are in {logPath}.{ready}");
            foreach (var reservation in runner.Servers.Reservations)
            {
                Progress.Say(reservation);
            }

            await using var app = runner.CreateDemoApp();
            return await work(runner, app) ? 0 : 1;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Progress.Say("Stopped.");
            return 130;
        }
    }
}
