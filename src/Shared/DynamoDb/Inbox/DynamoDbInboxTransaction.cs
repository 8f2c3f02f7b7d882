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

    private readonly List<TransactWriteItem> _items = [];
    private bool _closed;

    public void Emit(OutboxEvent outboxEvent)
    {
        RowContract.Require(outboxEvent);
        Enlist(OutboxPut.Create(outboxEvent, outbox, time.GetUtcNow()));
    }

    public async Task<CommitOutcome> CommitAsync(CancellationToken cancellationToken)
    {
        TransactWriteItem[] enlisted;
        lock (_items)
        {
            _closed = true;
            enlisted = [.. _items];
        }

        if (enlisted.Length == 0)
        {
            return await inbox.MarkProcessedAsync(claim, cancellationToken) ? CommitOutcome.Committed : CommitOutcome.ClaimLost;
        }

        var outcome = await TransactionRunner.RunAsync(
            dynamoDb,
            [new TransactWriteItem { Update = inbox.ProcessedMark(claim) }, .. enlisted],
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
        lock (_items)
        {
            _closed = true;
        }

        return ValueTask.CompletedTask;
    }

    internal void Enlist(TransactWriteItem item)
    {
        ArgumentNullException.ThrowIfNull(item);
        lock (_items)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            if (_items.Count == MaxEnlisted)
            {
                throw new InvalidOperationException(
                    $"A handler can enlist at most {MaxEnlisted} writes: a DynamoDB transaction takes 100, and one is the inbox mark.");
            }

            _items.Add(item);
        }
    }
}
