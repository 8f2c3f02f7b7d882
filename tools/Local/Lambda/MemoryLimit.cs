using System.Globalization;

namespace Relaybox.Local.Lambda;

/// <summary>The memory of a worker, as Lambda limits it: a process that uses more is killed.</summary>
internal static class MemoryLimit
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    /// <summary>Waits until a process uses more memory than its limit.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="megabytes">The limit, in MiB.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>How much it used then, in MiB.</returns>
    internal static async Task<int> ExceededAsync(int pid, int megabytes, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (Kilobytes(pid, "VmRSS:") / 1024 is var used && used > megabytes)
            {
                return (int)used;
            }

            await Task.Delay(Interval, TimeProvider.System, cancellationToken);
        }
    }

    /// <summary>The most memory that a process has used so far, in MiB; 0 where it has ended.</summary>
    /// <param name="pid">The process.</param>
    internal static double PeakMegabytes(int pid) => Kilobytes(pid, "VmHWM:") / 1024.0;

    // Zero for a process that has just ended, and where the machine does not say.
    private static long Kilobytes(int pid, string name)
    {
        try
        {
            var line = File.ReadLines($"/proc/{pid}/status").FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(line.AsSpan(name.Length, line.Length - name.Length - 2).Trim(), CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }
}
