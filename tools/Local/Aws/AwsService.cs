namespace Relaybox.Local.Aws;

/// <summary>Services by the names that <c>AWS_ENDPOINT_URL_</c> ends with.</summary>
internal static class AwsService
{
    public const string DynamoDb = "DYNAMODB";

    public const string S3 = "S3";

    public const string Sqs = "SQS";
}
