namespace Relaybox.Local;

/// <summary>Where the repository's own files are, seen from the running assembly.</summary>
public static class RepositoryLayout
{
    private const string Landmark = "tools/Local/emulators/package.json";

    /// <summary>The repository's root: the nearest folder above the assembly, else above the working directory.</summary>
    /// <exception cref="RunnerException">Neither is inside the repository.</exception>
    public static string Root { get; } =
        FindAbove(AppContext.BaseDirectory) ?? FindAbove(Environment.CurrentDirectory)
        ?? throw new RunnerException($"No folder above {AppContext.BaseDirectory} contains {Landmark}. Run from inside the repository.");

    /// <summary>The npm project that brings the emulators.</summary>
    public static string Emulators => Path.Combine(Root, "tools", "Local", "emulators");

    private static string? FindAbove(string start)
    {
        for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, Landmark)))
            {
                return folder.FullName;
            }
        }

        return null;
    }
}
