using System.Diagnostics;
using Relaybox.Local.Lambda;

namespace Relaybox.Local.Chaos;

/// <summary>The memory of functions' processes.</summary>
internal static class FunctionMemory
{
    /// <summary>The working sets of all their processes, in MiB.</summary>
    public static double Measure(IEnumerable<FunctionHost> functions)
    {
        var bytes = 0L;
        foreach (var pid in functions.SelectMany(host => host.Pids))
        {
            try
            {
                using var process = Process.GetProcessById(pid);
                bytes += process.WorkingSet64;
            }
            catch (Exception e) when (e is ArgumentException or InvalidOperationException)
            {
                // It has just ended.
            }
        }

        return bytes / (1024.0 * 1024);
    }
}
