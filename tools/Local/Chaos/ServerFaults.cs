using Relaybox.Local.Processes;
using Relaybox.Local.Servers;

namespace Relaybox.Local.Chaos;

/// <summary>What any server can suffer.</summary>
internal static class ServerFaults
{
    /// <summary>
    /// The server ends at once, with all its connections, and comes back within a second. Only for a server that keeps what it has on disk.
    /// </summary>
    public static Fault Restart(LocalServer server) => new($"Restart {server.Name}", async (random, cancellationToken) =>
    {
        await server.RestartAsync(TimeSpan.FromSeconds(random.NextDouble()), cancellationToken);
        return Harm.IsOver();
    });

    /// <summary>The server stands still for one to three seconds: calls hang, and some are answered too late.</summary>
    public static Fault Pause(LocalServer server) => new($"Pause {server.Name}", (random, _) =>
    {
        var pid = server.Process.Pid;
        Signals.Send(pid, Signals.Stop);
        return Task.FromResult<Harm?>(new Harm("", ContinueAsync(pid, TimeSpan.FromSeconds(1 + (2 * random.NextDouble())))));
    });

    /// <summary>Lets a process that stands still go on.</summary>
    internal static async Task ContinueAsync(int pid, TimeSpan after)
    {
        await Task.Delay(after, TimeProvider.System);
        Signals.Send(pid, Signals.Continue);
    }
}
