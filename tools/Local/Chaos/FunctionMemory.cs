using Relaybox.Local.Lambda;
using Relaybox.Local.Processes;

namespace Relaybox.Local.Chaos;

/// <summary>The memory of functions' processes.</summary>
internal static class FunctionMemory
{
    /// <summary>The working sets of all their processes, in MiB.</summary>
    public static double Measure(IEnumerable<FunctionHost> functions) => functions.SelectMany(host => host.Pids).Sum(ProcessMemory.Megabytes);
}
