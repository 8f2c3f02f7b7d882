using System.Runtime.InteropServices;
using Relaybox.Testing;

namespace Relaybox.EndToEnd.Tests;

/// <summary>
/// The functions as they are deployed: compiled ahead of time, published once for all tests. A process of them starts in a third of the time
/// that one of the built ones takes, and the tests start, and kill, hundreds.
/// </summary>
internal static class Publication
{
    private static readonly Lazy<string> Published = new(() => Task.Run(PublishAsync).GetAwaiter().GetResult());

    /// <summary>The folder that holds them. The first who asks waits for the publication.</summary>
    /// <exception cref="InvalidOperationException">They could not be published.</exception>
    public static string Folder => Published.Value;

    // The mode in which this test was built is the name of the folder that holds its output.
    internal static bool OfficialPackages => AppContext.BaseDirectory.Contains("/artifacts/official/", StringComparison.Ordinal);

    private static async Task<string> PublishAsync()
    {
        var folder = RepositoryRoot.Combine("artifacts", "publish-tests");
        var run = await ProgramRun.OfAsync(
            [
                "dotnet", "publish", "src/Functions/Functions.csproj", "--configuration", "Release",
                "--runtime", RuntimeInformation.RuntimeIdentifier, "--no-self-contained", "--output",
                folder, "-nodeReuse:false", "-clp:ErrorsOnly", $"-p:OfficialPackages={OfficialPackages}",
            ],
            TimeSpan.FromMinutes(10),
            CancellationToken.None);
        return run.ExitCode == 0 ? folder : throw new InvalidOperationException($"dotnet publish failed:\n{run.Output}\n{run.Errors}");
    }
}
