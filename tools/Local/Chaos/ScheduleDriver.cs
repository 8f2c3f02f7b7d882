using Relaybox.Local.Lambda;
using Relaybox.Local.Running;

namespace Relaybox.Local.Chaos;

/// <summary>Keeps the scheduled functions working, without a schedule's pauses.</summary>
internal static class ScheduleDriver
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    // What the schedules start, as often as they can end.
    private static readonly string[] Driven = ["SweepRelay", "PullConsume", "SweepRelay", "PullConsume", "ResetStale", "Cleanup", "Reconcile"];

    /// <summary>Runs until cancelled.</summary>
    public static Task RunAsync(LocalRunner runner, CancellationToken cancellationToken) =>
        Task.WhenAll(Driven.Where(runner.Functions.ContainsKey).Select(name => DriveAsync(runner, runner.Functions[name], cancellationToken)));

    private static async Task DriveAsync(LocalRunner runner, FunctionHost host, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            await ((Task)runner.InvokeAsync(host, null, cancellationToken)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await Task.Delay(Pause, TimeProvider.System, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
