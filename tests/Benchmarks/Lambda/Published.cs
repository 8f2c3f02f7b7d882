using System.Runtime.InteropServices;
using Relaybox.Local;
using Relaybox.Testing;

namespace Relaybox.Benchmarks.Lambda;

/// <summary>Executables as they are deployed: compiled ahead of time for this machine, as `./run publish` does it.</summary>
internal static class Published
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>Publishes a project.</summary>
    /// <param name="project">Its file, from the repository's root.</param>
    /// <param name="native">Whether as native code.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The folder.</returns>
    /// <exception cref="RunnerException">It could not be published.</exception>
    public static async Task<string> PublishAsync(string project, bool native, CancellationToken cancellationToken)
    {
        var folder = RepositoryRoot.Combine("artifacts", "bench", Path.GetFileNameWithoutExtension(project) + (native ? "-native" : ""));
        var mode = $"-p:NativeFunctions={(native ? "true" : "false")}";

        // Restored without the runtime's name: with it, the lock files of other projects would change.
        await RunAsync(["restore", project, "-v", "quiet", mode], cancellationToken);
        await RunAsync(
            [
                "publish", project, "-c", "Release", "-r", RuntimeInformation.RuntimeIdentifier, "--no-restore",
                .. native ? [] : new[] { "--no-self-contained" }, "--output", folder, "-nodeReuse:false", "-clp:ErrorsOnly", mode,
            ],
            cancellationToken);
        return folder;
    }

    private static async Task RunAsync(string[] arguments, CancellationToken cancellationToken)
    {
        var run = await ProgramRun.OfAsync(["dotnet", .. arguments], Patience, cancellationToken);
        if (run.ExitCode != 0)
        {
            throw new RunnerException($"dotnet {arguments[0]} failed:\n{run.Output}\n{run.Errors}");
        }
    }
}
