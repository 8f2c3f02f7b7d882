using System.Text.RegularExpressions;
using Amazon;
using Amazon.Runtime;
using Amazon.Runtime.CredentialManagement;
using Amazon.Runtime.Credentials;
using Relaybox.Cli.Output;

namespace Relaybox.Cli.Connections;

/// <summary>In whose name and in which region AWS is called, as the AWS CLI finds both.</summary>
internal sealed partial class AwsAccess
{
    private readonly string? _profile;
    private readonly Lazy<Task<AWSCredentials>> _credentials;

    /// <param name="profile">A profile of the AWS config and credentials files; null: the environment's.</param>
    /// <param name="region">A region; null: the environment's, or the profile's.</param>
    /// <exception cref="CliException">There is no such profile, or no region.</exception>
    internal AwsAccess(string? profile, string? region)
    {
        _profile = profile;
        _credentials = new Lazy<Task<AWSCredentials>>(FindAsync);
        var profiles = new CredentialProfileStoreChain();
        CredentialProfile? chosen = null;
        if (profile is not null && !profiles.TryGetProfile(profile, out chosen))
        {
            throw new CliException(ExitCodes.WrongUse, "--profile: the AWS config and credentials files have no such profile.");
        }

        region ??= (Environment.GetEnvironmentVariable("AWS_REGION") is { Length: > 0 } set ? set : chosen?.Region?.SystemName)
            ?? FallbackRegionFactory.GetRegionEndpoint(includeInstanceMetadata: false)?.SystemName;
        Region = region is not null && RegionName().IsMatch(region)
            ? region
            : throw new CliException(
                ExitCodes.WrongUse, "Which region is the stack in? Pass --region, set AWS_REGION, or give the profile a region.");

        // Roles are assumed there, too: the SDK would take us-east-1, which another partition does not have.
        AWSConfigs.AWSRegion = Region;
    }

    /// <summary>The region's name.</summary>
    internal string Region { get; }

    /// <summary>Finds the credentials once; they renew themselves when they expire. A device's code is asked for once, too.</summary>
    /// <exception cref="CliException">There are none that can be used.</exception>
    internal async Task<ImmutableCredentials> GetCredentialsAsync()
    {
        try
        {
            return await (await _credentials.Value).GetCredentialsAsync();
        }
        catch (Exception exception) when (exception is AmazonClientException or AmazonServiceException or InvalidOperationException
            or ArgumentException or HttpRequestException or IOException)
        {
            throw new CliException(
                ExitCodes.OutOfReach,
                $"There are no AWS credentials that can be used{(exception is AmazonServiceException { ErrorCode: { } code } ? $" ({code})" : "")}. "
                + $"Sign in with `aws sso login{(_profile is null ? "" : $" --profile {_profile}")}`, name a profile with --profile, or set "
                + "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
                exception);
        }
    }

    private async Task<AWSCredentials> FindAsync()
    {
        var credentials = _profile is null ? await DefaultAWSCredentialsIdentityResolver.GetCredentialsAsync() : OfProfile(_profile);
        if (credentials is AssumeRoleAWSCredentials { Options: { MfaSerialNumber.Length: > 0 } options })
        {
            options.MfaTokenCodeCallback = Console.IsInputRedirected
                ? throw new CliException(
                    ExitCodes.WrongUse,
                    "The profile's role needs a code of an MFA device, and standard input is not a terminal. Type the command in a terminal.")
                : AskForCode;
        }

        return credentials;
    }

    private static AWSCredentials OfProfile(string profile) =>
        new CredentialProfileStoreChain().TryGetAWSCredentials(profile, out var credentials)
            ? credentials
            : throw new AmazonClientException("The profile has no credentials.");

    private static string? AskForCode()
    {
        Console.Error.Write("Code of your MFA device: ");
        return Console.ReadLine();
    }

    [GeneratedRegex("^[a-z]{2,}(-[a-z0-9]+)+$")]
    private static partial Regex RegionName();
}
