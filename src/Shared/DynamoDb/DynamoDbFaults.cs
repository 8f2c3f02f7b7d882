using System.Net;
using Amazon.DynamoDBv2.Model;
using Amazon.Runtime;
using Relaybox.Diagnostics;
using Relaybox.Timing;

namespace Relaybox.DynamoDb;

/// <summary>Which failed calls say nothing about the row.</summary>
internal static class DynamoDbFaults
{
    private const int MaxTries = 6;

    /// <summary>Whether a call failed on its way, or because the service was busy: the same call can succeed later.</summary>
    internal static bool IsTransient(Exception exception) => exception switch
    {
        _ when MemoryFault.IsIn(exception) => false,
        TransactionConflictException or TransactionInProgressException => true,
        AmazonServiceException e => e.StatusCode >= HttpStatusCode.InternalServerError || e.ErrorCode is "ThrottlingException"
            or "RequestLimitExceeded" or "ProvisionedThroughputExceededException" or "Throttling",
        HttpRequestException or IOException or TimeoutException or AmazonClientException or OperationCanceledException => true,
        _ => false,
    };

    /// <summary>
    /// Repeats a write of one item while a transaction holds the item, such as the commit of an earlier delivery. The client does
    /// not repeat these by itself.
    /// </summary>
    internal static RetryLoop WhileConflicting(TimeProvider time, IEntropy entropy) => new(
        MaxTries, new Backoff(TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(500), entropy), e => e is TransactionConflictException, time);
}
