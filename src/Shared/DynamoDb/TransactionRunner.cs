using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Relaybox.Timing;

namespace Relaybox.DynamoDb;

/// <summary>
/// Runs a transaction and reads every reason of a cancellation: a conflict or a throttle is tried again, a failed
/// condition is an answer, and a mixture is tried again until only the answer is left.
/// </summary>
internal static class TransactionRunner
{
    private const int MaxTries = 8;

    internal static async Task<TransactionOutcome> RunAsync(
        IAmazonDynamoDB dynamoDb,
        List<TransactWriteItem> items,
        string idempotencyToken,
        TimeProvider time,
        IEntropy entropy,
        CancellationToken cancellationToken)
    {
        var backoff = new Backoff(TimeSpan.FromMilliseconds(25), TimeSpan.FromSeconds(1), entropy);
        var request = new TransactWriteItemsRequest { TransactItems = items, ClientRequestToken = idempotencyToken };
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await dynamoDb.TransactWriteItemsAsync(request, cancellationToken);
                return TransactionOutcome.Success;
            }
            catch (TransactionCanceledException e)
            {
                var reasons = e.CancellationReasons ?? [];
                var failed = new List<int>();
                var transient = false;
                for (var i = 0; i < reasons.Count; i++)
                {
                    switch (reasons[i].Code)
                    {
                        case null or "None":
                            break;
                        case "ConditionalCheckFailed":
                            failed.Add(i);
                            break;
                        case "TransactionConflict" or "ThrottlingError" or "ProvisionedThroughputExceeded":
                            transient = true;
                            break;
                        default:
                            // Such as a write that the service finds invalid: the caller's error, as it is.
                            throw;
                    }
                }

                if (!transient && failed.Count > 0)
                {
                    return new TransactionOutcome(false, failed);
                }

                if (!transient || attempt == MaxTries)
                {
                    throw;
                }
            }
            catch (TransactionInProgressException) when (attempt < MaxTries)
            {
                // An earlier call under the same token is still running.
            }

            await Task.Delay(backoff.After(attempt), time, cancellationToken);
        }
    }
}
