using System.Globalization;

namespace Relaybox.Local.Running;

/// <summary>
/// Whether a pid that was written down still is the process that was meant: pids are used again.
/// </summary>
internal static class ProcessIdentity
{
    // Of the fields of /proc/PID/stat after the program's name, which ends with a bracket: see proc(5), field 22.
    private const int StartTimeField = 19;

    public static bool IsRunner(int pid) => Contains(pid, "cmdline", "relaybox-local");

    public static bool IsWorker(int pid) => Contains(pid, "environ", "AWS_LAMBDA_RUNTIME_API=127.0.0.1:");

    /// <summary>Whether the process with this pid is the one that started at this time.</summary>
    /// <param name="pid">The pid.</param>
    /// <param name="startTime">What <see cref="StartTimeOf"/> said while it was known to run.</param>
    public static bool Is(int pid, long startTime) => startTime > 0 && StartTimeOf(pid) == startTime;

    /// <summary>When a process started, in ticks since the machine did; 0 where there is no such process.</summary>
    public static long StartTimeOf(int pid)
    {
        var stat = Read(pid, "stat");
        var fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > StartTimeField ? long.Parse(fields[StartTimeField], CultureInfo.InvariantCulture) : 0;
    }

    private static bool Contains(int pid, string file, string text) => Read(pid, file).Contains(text, StringComparison.Ordinal);

    private static string Read(int pid, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/{file}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
