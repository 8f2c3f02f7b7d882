using System.Net;
using Amazon.DynamoDBv2.Model;
using Amazon.Runtime;
using Relaybox.Timing;

namespace Relaybox.DynamoDb;

/// <summary>Which failed calls say nothing about the row, and repeats those that are over in a moment.</summary>
internal sealed class DynamoDbFaults(TimeProvider time, IEntropy entropy)
{
    private const int MaxTries = 6;

    private readonly Backoff _backoff = new(TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(500), entropy);

    /// <summary>Whether a call failed on its way, or because the service was busy: the same call can succeed later.</summary>
    internal static bool IsTransient(Exception exception) => exception switch
    {
        TransactionConflictException or TransactionInProgressException => true,
        AmazonServiceException e => e.StatusCode >= HttpStatusCode.InternalServerError || e.ErrorCode is "ThrottlingException"
            or "RequestLimitExceeded" or "ProvisionedThroughputExceededException" or "Throttling",
        HttpRequestException or IOException or TimeoutException or AmazonClientException or OperationCanceledException => true,
        _ => false,
    };

    /// <summary>
    /// Repeats a write of one item while a transaction holds it, such as the commit of an earlier delivery. The client does
    /// not repeat these by itself.
    /// </summary>
    internal async Task<T> WhileConflictingAsync<T>(Func<CancellationToken, Task<T>> write, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await write(cancellationToken);
            }
            catch (TransactionConflictException) when (attempt < MaxTries)
            {
                await Task.Delay(_backoff.After(attempt), time, cancellationToken);
            }
        }
    }
}
