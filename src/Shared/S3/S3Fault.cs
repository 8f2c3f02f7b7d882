using System.Net;
using Amazon.Runtime;
using Amazon.S3;
using Relaybox.Diagnostics;
using Relaybox.Messaging;

namespace Relaybox.S3;

/// <summary>Reads what a failed call of S3 says.</summary>
internal static class S3Fault
{
    private const string CheckWay = "Check AWS_REGION, AWS_ENDPOINT_URL_S3 if it is set, and the way to S3; in a VPC that is an endpoint or a NAT.";

    /// <summary>Whether the service, the way to it, or the caller's rights and settings made a call fail.</summary>
    internal static bool IsOfService(Exception exception, CancellationToken cancellationToken) =>
        !MemoryFault.IsIn(exception) && !cancellationToken.IsCancellationRequested
        && exception is AmazonServiceException or AmazonClientException
            or HttpRequestException or IOException or TimeoutException or OperationCanceledException;

    /// <summary>What is wrong, and what to do.</summary>
    /// <param name="exception">What the call threw.</param>
    /// <param name="bucket">The bucket.</param>
    /// <param name="reference">The payload; null: the call was about the bucket.</param>
    /// <param name="action">What the caller needs to be allowed.</param>
    internal static PayloadStoreException Explain(Exception exception, string bucket, PayloadReference? reference, string action) =>
        exception switch
        {
            AmazonS3Exception { StatusCode: HttpStatusCode.NotFound, ErrorCode: not "NoSuchBucket" } when reference is not null => new(
                $"The bucket '{bucket}' (CLAIM_CHECK_BUCKET) has no object {reference.Key}: its lifecycle rules have deleted it, or somebody has.",
                isMissing: true,
                exception),
            AmazonS3Exception { StatusCode: HttpStatusCode.NotFound } or AmazonS3Exception { ErrorCode: "NoSuchBucket" } => Away(
                $"The bucket '{bucket}' (CLAIM_CHECK_BUCKET) is not there. Correct its name or AWS_REGION, or deploy the stack again."),
            AmazonS3Exception { StatusCode: HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized } e => Away(
                $"S3 refuses the caller in the bucket '{bucket}' (CLAIM_CHECK_BUCKET): {e.ErrorCode}. Allow {action} there, as the role in "
                + "template.yaml does; with a key of your own also its use."),
            AmazonServiceException e => Away($"S3 cannot be used for the bucket '{bucket}' (CLAIM_CHECK_BUCKET): {NameOf(e)}. {CheckWay}"),
            AmazonClientException e when e.Message.Contains("credentials", StringComparison.OrdinalIgnoreCase) => Away(
                $"S3 cannot be used for the bucket '{bucket}' (CLAIM_CHECK_BUCKET): there are no credentials of AWS."),
            _ => Away($"S3 cannot be used for the bucket '{bucket}' (CLAIM_CHECK_BUCKET): {exception.GetType().Name}. {CheckWay}"),
        };

    private static PayloadStoreException Away(string message) => new(message, isMissing: false);

    private static string NameOf(AmazonServiceException e) =>
        e.ErrorCode is { Length: > 0 } code ? code : e.StatusCode == 0 ? e.GetType().Name : e.StatusCode.ToString();
}
