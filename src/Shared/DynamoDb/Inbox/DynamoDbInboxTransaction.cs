using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Messaging;
using Relaybox.Timing;

namespace Relaybox.DynamoDb;

/// <summary>
/// Collects what a handler enlists and writes it with the mark in one TransactWriteItems call, under one idempotency
/// token, so that a repeated call applies it once. Large payloads of emitted events are stored apart before that call.
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

    private readonly HandlerWork<Write, object> _work = new(typeof(DynamoDbInboxTransaction));
    private int _enlisted;

    // Where the claim check is on, what is too large has a payload below its threshold, or other large parts.
    private string AdviceForHandlers => outbox.ClaimCheck is null
        ? ClaimCheck.Hint
        : "Lower CLAIM_CHECK_THRESHOLD_BYTES (template.yaml: ClaimCheckThresholdBytes), so that its payload is kept apart, or shorten headers "
            + "and result.";

    public void Emit(OutboxEvent outboxEvent)
    {
        RowContract.Require(outboxEvent);
        Add(new Write(outbox.ClaimCheck?.IsLarge(outboxEvent) == true ? null : ToPut(outboxEvent), outboxEvent));
    }

    public async Task<CommitOutcome> CommitAsync(CancellationToken cancellationToken)
    {
        _work.Close();
        if (_work.Writes.Count == 0)
        {
            return await inbox.MarkProcessedAsync(claim, cancellationToken) ? CommitOutcome.Committed : CommitOutcome.ClaimLost;
        }

        OutboxEvent[] emitted = [.. _work.Writes.Select(write => write.Event).OfType<OutboxEvent>()];
        var items = new List<TransactWriteItem>(_work.Writes.Count + 1) { new() { Update = inbox.ProcessedMark(claim, emitted) } };
        foreach (var write in _work.Writes)
        {
            items.Add(write.Item ?? ToPut(await outbox.ClaimCheck!.CheckInAsync(write.Event!, cancellationToken)));
        }

        var outcome = await TransactionRunner.RunAsync(
            dynamoDb,
            items,
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
        Add(new Write(item, null));
    }

    private TransactWriteItem ToPut(OutboxEvent outboxEvent) => OutboxPut.Create(outboxEvent, outbox, time.GetUtcNow(), AdviceForHandlers);

    private void Add(Write write)
    {
        _work.RequireOpen();
        if (Interlocked.Increment(ref _enlisted) > MaxEnlisted)
        {
            throw new InvalidOperationException(
                $"A handler can enlist at most {MaxEnlisted} writes: a DynamoDB transaction takes 100, and one is the inbox mark.");
        }

        _work.Enlist(write);
    }

    /// <param name="Item">The write; null: the event's payload has to be stored first.</param>
    /// <param name="Event">The event whose row it writes; null: the handler has enlisted it.</param>
    private readonly record struct Write(TransactWriteItem? Item, OutboxEvent? Event);
}
