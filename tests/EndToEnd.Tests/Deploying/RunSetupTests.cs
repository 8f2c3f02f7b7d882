using System.Runtime.Versioning;

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
        using var aws = new FakeAws(
            $"""
            [[ "$AWS_MAX_ATTEMPTS" == 1 && "$*" == 'lambda invoke --function-name relaybox-dev-Setup '*'--cli-read-timeout 330 '* ]] || exit 9
            {answer}
            """);

        var run = await aws.RunAsync("setup", "relaybox-dev");

        Assert.True(run.ExitCode == code, $"{run.ExitCode}: {run.Output}{run.Errors}");
        Assert.Contains(printed, run.Output, StringComparison.Ordinal);
        Assert.Contains(said, run.Errors, StringComparison.Ordinal);
    }
}
