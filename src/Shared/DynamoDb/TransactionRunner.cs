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
        var retries = new RetryLoop(MaxTries, new Backoff(TimeSpan.FromMilliseconds(25), TimeSpan.FromSeconds(1), entropy), IsTransient, time);
        var request = new TransactWriteItemsRequest { TransactItems = items, ClientRequestToken = idempotencyToken };
        try
        {
            await retries.RunAsync((_, ct) => dynamoDb.TransactWriteItemsAsync(request, ct), cancellationToken);
            return TransactionOutcome.Success;
        }
        catch (TransactionCanceledException e) when (ReasonsOf(e) is { AreAnswer: true } reasons)
        {
            return new TransactionOutcome(false, reasons.FailedConditions, reasons.Found);
        }
    }

    // An earlier call under the same token may still be running.
    private static bool IsTransient(Exception exception) =>
        exception is TransactionInProgressException
        || (exception is TransactionCanceledException cancelled && ReasonsOf(cancelled) is { HasTransient: true, HasOther: false });

    private static Reasons ReasonsOf(TransactionCanceledException exception)
    {
        var reasons = new Reasons([], [], HasTransient: false, HasOther: false);
        foreach (var (i, reason) in (exception.CancellationReasons ?? []).Index())
        {
            switch (reason.Code)
            {
                case null or "None":
                    break;
                case "ConditionalCheckFailed":
                    reasons.FailedConditions.Add(i);
                    if (reason.Item is { Count: > 0 } item)
                    {
                        reasons.Found.Add(i, item);
                    }

                    break;
                case "TransactionConflict" or "ThrottlingError" or "ProvisionedThroughputExceeded":
                    reasons = reasons with { HasTransient = true };
                    break;
                default:
                    // Such as a write that the service finds invalid: the caller's error, as it is.
                    reasons = reasons with { HasOther = true };
                    break;
            }
        }

        return reasons;
    }

    private sealed record Reasons(
        List<int> FailedConditions, Dictionary<int, Dictionary<string, AttributeValue>> Found, bool HasTransient, bool HasOther)
    {
        public bool AreAnswer => FailedConditions.Count > 0 && !HasTransient && !HasOther;
    }
}
