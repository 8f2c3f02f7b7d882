using System.Security.Cryptography;
using Relaybox.Testing;

namespace Relaybox.EndToEnd.Tests.Native;

/// <summary>The functions as `./run publish --native` publishes them, once for all tests of a class.</summary>
public sealed class NativePublication : IAsyncLifetime
{
    private Dictionary<string, string> _lockFiles = [];

    public string Folder { get; } = RepositoryRoot.Combine("artifacts", "publish-native");

    public string Program => Path.Combine(Folder, "Relaybox.Functions");

    /// <summary>The lock files that publishing has changed or made.</summary>
    public IEnumerable<string> ChangedLockFiles => LockFiles().Except(_lockFiles).Select(file => file.Key);

    public async ValueTask InitializeAsync()
    {
        _lockFiles = LockFiles();
        var run = await ProgramRun.OfAsync(
            [RepositoryRoot.Combine("run"), "publish", "--native"],
            TimeSpan.FromMinutes(30),
            CancellationToken.None,
            new Dictionary<string, string> { ["OfficialPackages"] = Publication.OfficialPackages ? "true" : "false" });
        Assert.True(run.ExitCode == 0, $"run publish --native failed:\n{run.Output}\n{run.Errors}");
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static Dictionary<string, string> LockFiles() => new[] { "src", "tests", "tools", "examples" }
        .SelectMany(folder => Directory.EnumerateFiles(RepositoryRoot.Combine(folder), "packages*.lock.json", SearchOption.AllDirectories))
        .ToDictionary(file => file, file => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file))));
}
