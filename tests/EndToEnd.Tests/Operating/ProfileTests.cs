using System.Security.Cryptography;
using System.Text;
using Relaybox.Testing;
using Relaybox.Testing.Http;

namespace Relaybox.EndToEnd.Tests.Operating;

/// <summary>
/// The command line calls a stack with what a profile leads to: a role, with a device's code where it wants one, or IAM Identity Center. A
/// scripted server stands for Lambda, STS and the portal of Identity Center.
/// </summary>
public sealed class ProfileTests : IAsyncLifetime
{
    private const string Config =
        """
        [profile base]
        aws_access_key_id = AKOFBASE
        aws_secret_access_key = secret

        [profile role]
        role_arn = arn:aws:iam::123456789012:role/Operators
        source_profile = base
        region = eu-north-1

        [profile device]
        role_arn = arn:aws:iam::123456789012:role/Operators
        source_profile = base
        mfa_serial = arn:aws:iam::123456789012:mfa/me
        region = eu-north-1

        [sso-session company]
        sso_region = eu-north-1
        sso_start_url = https://company.example/start
        sso_registration_scopes = sso:account:access

        [profile center]
        sso_session = company
        sso_account_id = 123456789012
        sso_role_name = Operators
        region = eu-north-1
        """;

    // What `aws sso login` leaves, in a file that is named by the session.
    private const string Login =
        """
        {"startUrl":"https://company.example/start","region":"eu-north-1","accessToken":"login-token","expiresAt":"2100-01-01T00:00:00Z"}
        """;

    private readonly string _home = Directory.CreateTempSubdirectory("relaybox-home-").FullName;
    private ScriptedServer _aws = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string LastCall => _aws.Requests[^1].Header("Authorization") ?? "";

    public async ValueTask InitializeAsync()
    {
        _aws = new ScriptedServer(Answer);
        var logins = Directory.CreateDirectory(Path.Combine(_home, ".aws", "sso", "cache")).FullName;
        await File.WriteAllTextAsync(Path.Combine(_home, ".aws", "config"), Config, Ct);
        await File.WriteAllTextAsync(
            Path.Combine(logins, $"{Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes("company")))}.json"), Login, Ct);
    }

    public async ValueTask DisposeAsync()
    {
        await _aws.DisposeAsync();
        Directory.Delete(_home, recursive: true);
    }

    [Fact]
    public async Task A_role_is_assumed_in_the_region_of_the_profile_and_its_credentials_sign()
    {
        await RunAsync("role");

        Assert.Equal(2, _aws.Requests.Count);
        Assert.Contains("Credential=AKOFBASE/", _aws.Requests[0].Header("Authorization"), StringComparison.Ordinal);
        Assert.Contains("/eu-north-1/sts/", _aws.Requests[0].Header("Authorization"), StringComparison.Ordinal);
        Assert.Contains("Credential=AKOFROLE/", LastCall, StringComparison.Ordinal);
        Assert.Equal("role-token", _aws.Requests[1].Header("X-Amz-Security-Token"));
    }

    [Fact]
    public async Task A_login_to_Identity_Center_gives_credentials()
    {
        await RunAsync("center");

        Assert.Equal("login-token", _aws.Requests[0].Header("x-amz-sso_bearer_token"));
        Assert.Contains("Credential=AKOFCENTER/", LastCall, StringComparison.Ordinal);
        Assert.Equal("center-token", _aws.Requests[1].Header("X-Amz-Security-Token"));
    }

    [Fact]
    public async Task A_devices_code_is_asked_for_once_on_a_terminal()
    {
        // The doctor calls AWS four times, also at once.
        await using var terminal = await Terminal.StartAsync(Environment(), ScriptedStack.Command("doctor", "--profile", "device"));

        await terminal.UntilAsync("Code of your MFA device:");
        await terminal.TypeAsync("123456");
        await terminal.UntilAsync("[ended with 1]");

        Assert.Equal(5, _aws.Requests.Count);
        Assert.Contains("TokenCode=123456", _aws.Requests[0].Text, StringComparison.Ordinal);
        Assert.All(
            _aws.Requests.Skip(1),
            request => Assert.Contains("Credential=AKOFROLE/", request.Header("Authorization"), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_devices_code_cannot_be_asked_for_in_a_pipe()
    {
        var run = await ProgramRun.OfAsync(Command("device"), CommandLine.Patience, Ct, Environment());

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("needs a code of an MFA device, and standard input is not a terminal", run.Errors, StringComparison.Ordinal);
        Assert.Empty(_aws.Requests);
    }

    private async Task RunAsync(string profile)
    {
        var run = await ProgramRun.OfAsync(Command(profile), CommandLine.Patience, Ct, Environment());
        Assert.True(run.ExitCode == 1 && run.Errors.Length == 0, run.Errors);
    }

    private static string[] Command(string profile) => ScriptedStack.Command("operations", "--profile", profile);

    private Dictionary<string, string> Environment()
    {
        var environment = ScriptedStack.Environment(_aws.Url);
        environment["HOME"] = _home;
        environment["AWS_CONFIG_FILE"] = Path.Combine(_home, ".aws", "config");
        environment["AWS_SHARED_CREDENTIALS_FILE"] = Path.Combine(_home, ".aws", "credentials");
        environment["AWS_REGION"] = "";
        environment["AWS_ENDPOINT_URL_STS"] = _aws.Url;
        environment["AWS_ENDPOINT_URL_SSO"] = _aws.Url;
        return environment;
    }

    private static HttpAnswer Answer(HttpExchange request) =>
        request.Text.Contains("Action=AssumeRole", StringComparison.Ordinal)
            ? new HttpAnswer(
                200,
                """
                <AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
                <AccessKeyId>AKOFROLE</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>role-token</SessionToken>
                <Expiration>2100-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>
                """u8.ToArray(),
                ("Content-Type", "text/xml"))
            : HttpAnswer.Json(200, request.Path.StartsWith("/federation/credentials", StringComparison.Ordinal)
                ? """
                  {"roleCredentials":{"accessKeyId":"AKOFCENTER","secretAccessKey":"secret","sessionToken":"center-token","expiration":4102444800000}}
                  """
                : """{"operations":[],"findings":[],"EventSourceMappings":[],"Schedules":[]}""");
}
