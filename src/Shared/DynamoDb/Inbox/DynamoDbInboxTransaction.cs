using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Timing;

namespace Relaybox.DynamoDb;

/// <summary>
/// Collects what a handler enlists and writes it with the mark in one TransactWriteItems call, under one idempotency
/// token, so that a repeated call applies it once.
/// </summary>
internal sealed class DynamoDbInboxTransaction(
    IAmazonDynamoDB dynamoDb,
    DynamoDbInboxRepository inbox,
    InboxClaim.Claimed claim,
    DynamoDbOutboxOptions outbox,
    TimeProvider time,
    IEntropy entropy) : IInboxTransaction
{
    /// <summary>DynamoDB takes 100 items in a transaction; one is the mark.</summary>
    internal const int MaxEnlisted = 99;

    private readonly HandlerWork<TransactWriteItem, object> _work = new(typeof(DynamoDbInboxTransaction));
    private int _enlisted;

    public void Emit(OutboxEvent outboxEvent)
    {
        RowContract.Require(outboxEvent);
        Enlist(OutboxPut.Create(outboxEvent, outbox, time.GetUtcNow()));
        _work.Emit(outboxEvent);
    }

    public async Task<CommitOutcome> CommitAsync(CancellationToken cancellationToken)
    {
        _work.Close();
        if (_work.Writes.Count == 0)
        {
            return await inbox.MarkProcessedAsync(claim, cancellationToken) ? CommitOutcome.Committed : CommitOutcome.ClaimLost;
        }

        var outcome = await TransactionRunner.RunAsync(
            dynamoDb,
            [new TransactWriteItem { Update = inbox.ProcessedMark(claim, _work.Events) }, .. _work.Writes],
            claim.Token,
            time,
            entropy,
            cancellationToken);
        if (outcome.Committed)
        {
            return CommitOutcome.Committed;
        }

        if (!outcome.FailedConditions.Contains(0))
        {
            return CommitOutcome.EnlistedConditionFailed;
        }

        // The mark's own condition failed. That is also how our earlier success looks, once its idempotency token is forgotten.
        return await inbox.WasProcessedByAsync(claim, cancellationToken) ? CommitOutcome.Committed : CommitOutcome.ClaimLost;
    }

    public ValueTask DisposeAsync()
    {
        _work.Close();
        return ValueTask.CompletedTask;
    }

    internal void Enlist(TransactWriteItem item)
    {
        ArgumentNullException.ThrowIfNull(item);
        if (Interlocked.Increment(ref _enlisted) > MaxEnlisted)
        {
            throw new InvalidOperationException(
                $"A handler can enlist at most {MaxEnlisted} writes: a DynamoDB transaction takes 100, and one is the inbox mark.");
        }

        _work.Enlist(item);
    }
}
