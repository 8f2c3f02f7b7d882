using System.Reflection.PortableExecutable;
using System.Runtime.InteropServices;
using Relaybox.Testing;

namespace Relaybox.EndToEnd.Tests;

/// <summary>What is deployed is not what is built: compiled ahead of time, trimmed of nothing, started by itself.</summary>
public sealed class PublishedExecutableTests
{
    [Fact]
    public async Task The_published_executable_does_what_the_built_one_does()
    {
        var folder = Directory.CreateTempSubdirectory("relaybox-published-");
        try
        {
            await PublishAsync(folder.FullName);

            // For the machine's .NET, and compiled ahead of time; native code is only for those who ask for it.
            Assert.True(File.Exists(Path.Combine(folder.FullName, "Relaybox.Functions.runtimeconfig.json")));
            using var assembly = new PEReader(File.OpenRead(Path.Combine(folder.FullName, "Relaybox.Functions.dll")));
            Assert.True(assembly.PEHeaders.CorHeader!.ManagedNativeHeaderDirectory.Size > 0);

            await using var stack = await RunningStack.StartAsync(folder.FullName);
            await stack.WriteAsync("e-1");

            Assert.Equal(1, (await stack.EffectsOfAsync(["e-1"]))["e-1"]);
            await stack.RowWithStatusAsync("e-1", "sent");
            Assert.Contains("\"job\":\"cleanup\"", await stack.InvokeAsync("Cleanup"), StringComparison.Ordinal);
            Assert.Contains("\"job\":\"reset-stale\"", await stack.InvokeAsync("ResetStale"), StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    // The mode in which this test was built is the name of the folder that holds its output.
    internal static bool OfficialPackages => AppContext.BaseDirectory.Contains("/artifacts/official/", StringComparison.Ordinal);

    private static async Task PublishAsync(string folder)
    {
        var run = await ProgramRun.OfAsync(
            [
                "dotnet", "publish", "src/Functions/Functions.csproj", "--configuration", "Release",
                "--runtime", RuntimeInformation.RuntimeIdentifier, "--no-self-contained", "--output",
                folder, "-nodeReuse:false", "-clp:ErrorsOnly", $"-p:OfficialPackages={OfficialPackages}",
            ],
            TimeSpan.FromMinutes(10),
            TestContext.Current.CancellationToken);
        Assert.True(run.ExitCode == 0, $"dotnet publish failed:\n{run.Output}\n{run.Errors}");
    }
}
