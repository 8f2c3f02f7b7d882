namespace Relaybox.Local.Aws;

/// <summary>The account that exists on this machine only.</summary>
public static class LocalAws
{
    // Version 1 of the AWS CLI ignores AWS_ENDPOINT_URL_SQS in the older regions, such as us-east-1.
    public const string Region = "eu-central-2";

    public const string AccountId = "000000000000";

    /// <summary>DynamoDB Local accepts letters and digits only.</summary>
    public const string AccessKeyId = "local";
    public const string SecretAccessKey = "local";

    /// <summary>What a function on Lambda has beside its keys, and sends with each call.</summary>
    public const string SessionToken = "local-session";
}
