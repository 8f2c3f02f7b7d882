using System.Globalization;

namespace Relaybox.Benchmarks.Harness;

/// <summary>
/// Gives a process a share of the processors, as Lambda gives it to a function by its memory: a control group with a quota of
/// processor time in each tenth of a second.
/// </summary>
internal sealed class ProcessorShare : IDisposable
{
    /// <summary>The megabytes for which Lambda gives one whole processor.</summary>
    public const int MegabytesOfAProcessor = 1769;

    private const int PeriodMicroseconds = 100_000;

    // The first version of control groups has a folder for each controller, the second has one for all.
    private const string FirstVersion = "/sys/fs/cgroup/cpu";
    private const string SecondVersion = "/sys/fs/cgroup";

    private readonly DirectoryInfo _group;

    private ProcessorShare(DirectoryInfo group) => _group = group;

    /// <summary>Whether this process may make control groups with quotas: root of a machine or of a container that allows it.</summary>
    public static bool IsPossible
    {
        get
        {
            try
            {
                using var share = Of(MegabytesOfAProcessor);
                return true;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return false;
            }
        }
    }

    /// <summary>The share of a function with so many megabytes.</summary>
    /// <exception cref="IOException">The machine has no such control groups.</exception>
    /// <exception cref="UnauthorizedAccessException">They are not this process's to make.</exception>
    public static ProcessorShare Of(int megabytes)
    {
        var isFirst = File.Exists(Path.Combine(FirstVersion, "cpu.cfs_quota_us"));
        var group = Directory.CreateDirectory(Path.Combine(isFirst ? FirstVersion : SecondVersion, $"relaybox-bench-{Guid.NewGuid():N}"));
        var quota = string.Create(CultureInfo.InvariantCulture, $"{(long)PeriodMicroseconds * megabytes / MegabytesOfAProcessor}");
        try
        {
            if (isFirst)
            {
                Write("cpu.cfs_period_us", $"{PeriodMicroseconds}");
                Write("cpu.cfs_quota_us", quota);
            }
            else
            {
                Write("cpu.max", $"{quota} {PeriodMicroseconds}");
            }
        }
        catch
        {
            group.Delete();
            throw;
        }

        return new ProcessorShare(group);

        void Write(string file, string text)
        {
            // A file that is not there yet must not be made: then this is no control group.
            using var stream = new FileStream(Path.Combine(group.FullName, file), FileMode.Open, FileAccess.Write);
            using var writer = new StreamWriter(stream);
            writer.Write(text);
        }
    }

    /// <summary>Puts a process with all of its threads under the share.</summary>
    public void Take(int pid) => File.WriteAllText(Path.Combine(_group.FullName, "cgroup.procs"), $"{pid}");

    /// <summary>Forgets the share; its processes must have ended.</summary>
    public void Dispose()
    {
        try
        {
            _group.Delete();
        }
        catch (IOException)
        {
            // A process is about to end. An empty group of the machine's is left, which costs nothing.
        }
    }
}
