using System.Runtime.Versioning;
using Relaybox.Testing;

namespace Relaybox.EndToEnd.Tests.Deploying;

/// <summary><c>./run setup STACK</c>, with an AWS CLI that answers as the real one does.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class RunSetupTests
{
    [Theory]
    [InlineData("""printf '{"job":"setup"}' > "${!#}"; echo None""", 0, """{"job":"setup"}""", "")]
    [InlineData("""printf '{"errorMessage":"no such user"}' > "${!#}"; echo Unhandled""", 2, "no such user", "Setup of relaybox-dev failed")]
    [InlineData("""echo 'Read timeout on endpoint URL' >&2; exit 255""", 2, "", "could not be invoked, or did not answer")]
    public async Task It_fails_when_Setup_fails(string answer, int code, string printed, string said)
    {
        var folder = Directory.CreateTempSubdirectory("relaybox-aws-");
        try
        {
            var aws = Path.Combine(folder.FullName, "aws");
            await File.WriteAllTextAsync(
                aws,
                $"""
                #!/usr/bin/env bash
                [[ "$AWS_MAX_ATTEMPTS" == 1 && "$*" == 'lambda invoke --function-name relaybox-dev-Setup '*'--cli-read-timeout 330 '* ]] || exit 9
                {answer}
                """,
                TestContext.Current.CancellationToken);
            File.SetUnixFileMode(aws, UnixFileMode.UserRead | UnixFileMode.UserExecute);

            var run = await ProgramRun.OfAsync(
                [RepositoryRoot.Combine("run"), "setup", "relaybox-dev"],
                TimeSpan.FromMinutes(2),
                TestContext.Current.CancellationToken,
                new Dictionary<string, string> { ["PATH"] = $"{folder.FullName}:{Environment.GetEnvironmentVariable("PATH")}" });

            Assert.True(run.ExitCode == code, $"{run.ExitCode}: {run.Output}{run.Errors}");
            Assert.Contains(printed, run.Output, StringComparison.Ordinal);
            Assert.Contains(said, run.Errors, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
