namespace Relaybox.Local.Aws;

/// <summary>The account that exists on this machine only.</summary>
public static class LocalAws
{
    public const string Region = "us-east-1";
    public const string AccountId = "000000000000";

    /// <summary>DynamoDB Local accepts letters and digits only.</summary>
    public const string AccessKeyId = "local";
    public const string SecretAccessKey = "local";
}
