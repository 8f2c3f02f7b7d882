using System.Diagnostics;

namespace Relaybox.Local.Processes;

/// <summary>The memory of a process, in MiB; 0 where it has just ended.</summary>
internal static class ProcessMemory
{
    /// <summary>Its resident set now.</summary>
    /// <param name="pid">The process.</param>
    public static double Megabytes(int pid) => Read(pid, process => process.WorkingSet64);

    /// <summary>The largest that its resident set has been.</summary>
    /// <param name="pid">The process.</param>
    public static double PeakMegabytes(int pid) => Read(pid, process => process.PeakWorkingSet64);

    private static double Read(int pid, Func<Process, long> bytes)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            return bytes(process) / (1024.0 * 1024);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            return 0;
        }
    }
}
