using Relaybox.Local.Processes;
using Relaybox.Local.Running;

namespace Relaybox.Local.Chaos;

/// <summary>What the processes of a run's functions can suffer.</summary>
internal sealed class FunctionFaults(LocalRunner runner)
{
    private static readonly string[] Victims = ["StreamRelay", "SweepRelay", "Consume", "PullConsume", "ResetStale", "Operate"];

    /// <summary>A function's process is killed.</summary>
    public Fault Kill => new("Kill", (random, _) => Task.FromResult(
        SignalOne(random, Signals.Kill) is { } killed ? Harm.IsOver(killed.Function) : null));

    /// <summary>A function's process stands still for longer than its leases, and goes on: whatever it does then comes too late.</summary>
    public Fault Pause => new("Pause", (random, _) => Task.FromResult(
        SignalOne(random, Signals.Stop) is { } paused
            ? new Harm(paused.Function, ServerFaults.ContinueAsync(paused.Pid, TimeSpan.FromSeconds(Haste.LeaseSeconds + (3 * random.NextDouble()))))
            : null));

    private (string Function, int Pid)? SignalOne(Random random, int signal)
    {
        var processes = Victims.Where(runner.Functions.ContainsKey)
            .SelectMany(name => runner.Functions[name].Pids.Select(pid => (Function: name, Pid: pid)))
            .ToList();
        if (processes.Count == 0)
        {
            return null;
        }

        var chosen = processes[random.Next(processes.Count)];
        return Signals.Send(chosen.Pid, signal) ? chosen : null;
    }
}
