using System.Reflection.PortableExecutable;

namespace Relaybox.EndToEnd.Tests;

/// <summary>What is deployed is not what is built: compiled ahead of time, trimmed of nothing, started by itself.</summary>
public sealed class PublishedExecutableTests
{
    [Fact]
    public async Task The_published_executable_is_compiled_ahead_of_time_and_does_its_work()
    {
        // For the machine's .NET; native code is only for those who ask for it.
        Assert.True(File.Exists(Path.Combine(Publication.Folder, "Relaybox.Functions.runtimeconfig.json")));
        using var assembly = new PEReader(File.OpenRead(Path.Combine(Publication.Folder, "Relaybox.Functions.dll")));
        Assert.True(assembly.PEHeaders.CorHeader!.ManagedNativeHeaderDirectory.Size > 0);

        await using var stack = await RunningStack.StartAsync();
        await stack.WriteAsync("e-1");

        Assert.Equal(1, (await stack.EffectsOfAsync(["e-1"]))["e-1"]);
        await stack.RowWithStatusAsync("e-1", "sent");
        Assert.Contains("\"job\":\"cleanup\"", await stack.InvokeAsync("Cleanup"), StringComparison.Ordinal);
        Assert.Contains("\"job\":\"reset-stale\"", await stack.InvokeAsync("ResetStale"), StringComparison.Ordinal);
    }
}
