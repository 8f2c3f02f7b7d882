using System.Runtime.Versioning;
using Relaybox.Testing;

namespace Relaybox.EndToEnd.Tests.Deploying;

/// <summary>An AWS CLI that a test has written, first on the PATH of <c>./run</c>.</summary>
[UnsupportedOSPlatform("windows")]
internal sealed class FakeAws : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("relaybox-aws-");

    /// <param name="script">What it does, in bash.</param>
    public FakeAws(string script)
    {
        var aws = Path.Combine(_folder.FullName, "aws");
        File.WriteAllText(aws, $"#!/usr/bin/env bash\n{script}\n");
        File.SetUnixFileMode(aws, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    /// <summary>Runs <c>./run</c>.</summary>
    public Task<ProgramRun> RunAsync(params string[] arguments) => ProgramRun.OfAsync(
        [RepositoryRoot.Combine("run"), .. arguments],
        TimeSpan.FromMinutes(2),
        TestContext.Current.CancellationToken,
        new Dictionary<string, string>
        {
            ["PATH"] = $"{_folder.FullName}:{Environment.GetEnvironmentVariable("PATH")}", ["SMOKE_TRIES"] = "1", ["FAKE"] = _folder.FullName,
        });

    public void Dispose() => _folder.Delete(recursive: true);
}
