using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Relaybox.Benchmarks.Harness;

/// <summary>What the figures were measured on.</summary>
/// <param name="Processor">The processor's name.</param>
/// <param name="Cores">How many of its cores the process may use.</param>
/// <param name="MemoryGiB">The memory.</param>
/// <param name="System">The operating system's kernel.</param>
/// <param name="Runtime">The version of .NET.</param>
/// <param name="FlushMicroseconds">How long the disk takes to keep 4 KiB for good (fdatasync), the median.</param>
internal sealed record Machine(string Processor, int Cores, double MemoryGiB, string System, string Runtime, double FlushMicroseconds)
{
    private const int Flushes = 101;

    public static Machine Read() => new(
        ReadProcessor(),
        Environment.ProcessorCount,
        Math.Round(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1024.0 * 1024 * 1024), 1),
        $"{RuntimeInformation.OSDescription} {RuntimeInformation.OSArchitecture}",
        RuntimeInformation.FrameworkDescription,
        Math.Round(MeasureFlush(), 1));

    private static string ReadProcessor()
    {
        const string File = "/proc/cpuinfo";
        return global::System.IO.File.Exists(File)
            && global::System.IO.File.ReadLines(File).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal)) is { } line
            ? line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim()
            : "unknown";
    }

    // Where the servers of the benchmarks keep their files.
    private static double MeasureFlush()
    {
        var path = Path.GetTempFileName();
        try
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
            var page = new byte[4096];
            var times = new double[Flushes];
            for (var i = 0; i < Flushes; i++)
            {
                RandomAccess.Write(file, page, 0);
                var start = Stopwatch.GetTimestamp();
                RandomAccess.FlushToDisk(file);
                times[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
            }

            return Statistics.Median(times);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
