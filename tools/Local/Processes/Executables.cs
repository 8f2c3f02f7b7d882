namespace Relaybox.Local.Processes;

/// <summary>Looks programs up on the PATH.</summary>
internal static class Executables
{
    public static string? Find(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);

    public static string Require(string name, string purpose, string fix) =>
        Find(name) ?? throw new RunnerException($"{purpose} needs `{name}`, which is not on the PATH. {fix}");
}
