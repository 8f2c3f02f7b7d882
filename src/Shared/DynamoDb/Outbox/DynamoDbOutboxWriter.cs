using System.Text.Json.Serialization.Metadata;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Outbox;
using Relaybox.Timing;

namespace Relaybox.DynamoDb;

/// <summary>Writes outbox rows from .NET apps, in the same transaction as their business data.</summary>
public sealed class DynamoDbOutboxWriter
{
    private readonly IAmazonDynamoDB _dynamoDb;
    private readonly DynamoDbOutboxOptions _options;
    private readonly TimeProvider _time;
    private readonly IEntropy _entropy;

    /// <summary>Makes a writer; many threads may use it at once.</summary>
    /// <param name="dynamoDb">The client, which the app disposes.</param>
    /// <param name="options">The outbox table and how it is used; the same as the functions have.</param>
    public DynamoDbOutboxWriter(IAmazonDynamoDB dynamoDb, DynamoDbOutboxOptions options)
        : this(dynamoDb, options, TimeProvider.System, SystemEntropy.Instance)
    {
    }

    /// <param name="dynamoDb">The client.</param>
    /// <param name="options">The outbox table and how it is used.</param>
    /// <param name="time">The clock.</param>
    /// <param name="entropy">The source of event ids and idempotency tokens.</param>
    internal DynamoDbOutboxWriter(IAmazonDynamoDB dynamoDb, DynamoDbOutboxOptions options, TimeProvider time, IEntropy entropy) =>
        (_dynamoDb, _options, _time, _entropy) = (dynamoDb, options, time, entropy);

    /// <summary>A new event with a new id.</summary>
    /// <param name="subject">What happened.</param>
    /// <param name="payload">The payload, JSON by default.</param>
    public OutboxEvent NewEvent(string subject, string payload) =>
        OutboxEvent.New(subject, payload, _entropy) with { EnqueuedAt = _time.GetUtcNow() };

    /// <summary>
    /// The row as an item for the app's own TransactWriteItems call. An id that is taken fails the transaction; the reason of its
    /// cancellation then has the row that is there (<c>CancellationReason.Item</c>). Where its <c>subject</c> and <c>payload</c> are the
    /// event's, an earlier call has done the operation.
    /// </summary>
    /// <param name="outboxEvent">The event.</param>
    /// <exception cref="RowContractException">The event breaks the contract, or the row would be larger than an item may be.</exception>
    /// <remarks>This stores no payload apart: call <see cref="ClaimCheck.CheckInAsync"/> for the event before, where it may be large.</remarks>
    public TransactWriteItem CreateWriteItem(OutboxEvent outboxEvent)
    {
        RowContract.Require(outboxEvent);
        return OutboxPut.Create(outboxEvent, _options, _time.GetUtcNow(), OutboxPut.AdviceForWriters);
    }

    /// <summary>Runs a business operation and writes its event in one transaction: both are there, or neither.</summary>
    /// <typeparam name="TResult">The operation's result.</typeparam>
    /// <param name="operation">Adds the business writes to the transaction, and returns a result.</param>
    /// <param name="payload">The event's payload, JSON by default.</param>
    /// <param name="eventType">The event's type, which is its subject.</param>
    /// <param name="resultType">How the result travels in the message as <c>result</c>; null: it does not.</param>
    /// <param name="cancellationToken">Ends the wait; the outcome is then unknown.</param>
    /// <returns>The operation's result, once everything is committed.</returns>
    /// <exception cref="InvalidOperationException">A <c>TransactionScope</c> is open, and the event would not be a part of it.</exception>
    /// <exception cref="RowContractException">The event breaks the contract, or the row would be larger than an item may be.</exception>
    /// <exception cref="PayloadStoreException">A large payload cannot be stored. Nothing was written.</exception>
    /// <exception cref="OutboxTransactionException">A condition of a business write did not hold.</exception>
    public async Task<TResult> ExecuteWithOutboxAsync<TResult>(
        Func<DynamoDbOutboxTransaction, CancellationToken, Task<TResult>> operation,
        string payload,
        string eventType,
        JsonTypeInfo<TResult>? resultType = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(operation);
        AmbientScope.Refuse();
        var outboxEvent = NewEvent(eventType, payload);
        RowContract.Require(outboxEvent);
        var transaction = new DynamoDbOutboxTransaction();
        var result = await operation(transaction, cancellationToken);
        await CommitAsync(transaction.Items, outboxEvent.WithResult(result, resultType), cancellationToken);
        return result;
    }

    /// <summary>Writes business items and an event in one transaction.</summary>
    /// <param name="items">The business writes, at most 99.</param>
    /// <param name="outboxEvent">The event.</param>
    /// <param name="cancellationToken">Ends the wait; the outcome is then unknown.</param>
    /// <remarks>
    /// Where the outcome is unknown, make the same call again with an event of the same id, subject and payload: it commits, or
    /// says by an <see cref="EventAlreadyWrittenException"/> that the first call did. The row remembers for as long as it is kept.
    /// </remarks>
    /// <exception cref="InvalidOperationException">A <c>TransactionScope</c> is open, and the event would not be a part of it.</exception>
    /// <exception cref="RowContractException">The event breaks the contract, or the row would be larger than an item may be.</exception>
    /// <exception cref="PayloadStoreException">A large payload cannot be stored. Nothing was written.</exception>
    /// <exception cref="EventAlreadyWrittenException">
    /// This very event is there: an earlier call has committed it with its items. Nothing was written.
    /// </exception>
    /// <exception cref="EventIdConflictException">The id is another event's. Nothing was written.</exception>
    /// <exception cref="EventIdTakenException">The id is taken, and the service did not return the row to compare. Nothing was written.</exception>
    /// <exception cref="OutboxTransactionException">A condition of a business write did not hold.</exception>
    public async Task CommitAsync(
        IReadOnlyList<TransactWriteItem> items, OutboxEvent outboxEvent, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(items);
        AmbientScope.Refuse();
        if (_options.ClaimCheck is { } claimCheck)
        {
            outboxEvent = await claimCheck.CheckInAsync(outboxEvent, cancellationToken);
        }

        var outcome = await TransactionRunner.RunAsync(
            _dynamoDb,
            [.. items, CreateWriteItem(outboxEvent)],
            _entropy.NewGuid().ToString("N"),
            _time,
            _entropy,
            cancellationToken);
        if (!outcome.Committed)
        {
            // First: where an earlier call has committed, conditions of its items fail as well.
            if (outcome.Found.TryGetValue(items.Count, out var row) && OutboxItem.ToRow(row).Event.SaysTheSameAs(outboxEvent))
            {
                throw new EventAlreadyWrittenException(outboxEvent.EventId, null);
            }

            var failed = outcome.FailedConditions.Where(i => i < items.Count).ToArray();
            throw failed.Length > 0
                ? new OutboxTransactionException(failed)
                : row is null
                    ? new EventIdTakenException(outboxEvent.EventId, null)
                    : new EventIdConflictException(outboxEvent.EventId);
        }
    }
}
