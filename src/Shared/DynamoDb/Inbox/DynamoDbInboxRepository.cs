using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Relaybox.Diagnostics;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Messaging;
using Relaybox.Operations;
using Relaybox.Timing;

namespace Relaybox.DynamoDb;

/// <summary>
/// The inbox in a DynamoDB table: one conditional update claims, one fenced update or transaction completes. Consistent
/// reads only; there is no index that could be stale.
/// </summary>
/// <param name="dynamoDb">The client; its own retries come first.</param>
/// <param name="options">The inbox table and how it is used.</param>
/// <param name="outbox">The outbox table, for the events that handlers emit.</param>
/// <param name="time">The clock.</param>
/// <param name="entropy">The source of claim tokens and jitter.</param>
internal sealed partial class DynamoDbInboxRepository(
    IAmazonDynamoDB dynamoDb,
    DynamoDbInboxOptions options,
    DynamoDbOutboxOptions outbox,
    TimeProvider time,
    IEntropy entropy) : IInboxRepository, IInboxOperations
{
    // A record may be claimed when there is none, when its last attempt failed, or when its claim's lease has ended; and
    // only for the very same event, and while attempts are left.
    private const string Claimable =
        "(#status = :failed OR (#status = :processing AND (attribute_not_exists(leaseUntil) OR leaseUntil <= :now)))"
        + " AND deliveries < :max AND (attribute_not_exists(payloadHash) OR payloadHash = :hash)";

    // The attempt counts with its claim.
    private const string NewCondition = $"attribute_not_exists(eventId) OR ({Claimable} AND attribute_not_exists(unfinished))";
    private const string NewAttempt =
        ", deliveries = if_not_exists(deliveries, :zero) + :one, unfinished = :one, begunToken = :token";

    // Earlier attempts never ended: this one counts with its start.
    private const string SuspectCondition = $"{Claimable} AND unfinished < :maxUnfinished";

    private readonly RetryLoop _conflicts = DynamoDbFaults.WhileConflicting(time, entropy);

    /// <inheritdoc />
    public async Task<IReadOnlyList<InboxClaim>> ClaimAsync(
        string consumer, IReadOnlyList<InboxMessage> messages, TimeSpan lease, int maxAttempts, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var claims = new InboxClaim[messages.Count];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, messages.Count),
            new ParallelOptions { MaxDegreeOfParallelism = options.Concurrency, CancellationToken = cancellationToken },
            async (i, ct) => claims[i] = await ClaimOneAsync(consumer, messages[i], lease, maxAttempts, ct));
        return claims;
    }

    /// <inheritdoc />
    public Task<bool> RenewAsync(InboxClaim.Claimed claim, TimeSpan lease, CancellationToken cancellationToken) =>
        TryUpdateAsync(HoldRequest(claim, lease), static _ => false, cancellationToken);

    /// <inheritdoc />
    public Task<bool> StartAsync(InboxClaim.Claimed claim, TimeSpan lease, CancellationToken cancellationToken)
    {
        var request = HoldRequest(claim, lease);
        request.UpdateExpression += ", begunToken = :token, unfinished = :unfinished, deliveries = :deliveries";

        // Fixed numbers and not one more: counted once, however often the call is repeated.
        request.ExpressionAttributeValues[":unfinished"] = Values.N(claim.Unfinished + 1);
        request.ExpressionAttributeValues[":deliveries"] = Values.N(claim.Deliveries);
        return TryUpdateAsync(request, static _ => false, cancellationToken);
    }

    /// <inheritdoc />
    public Task<IInboxTransaction> BeginAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken) =>
        Task.FromResult<IInboxTransaction>(new DynamoDbInboxTransaction(dynamoDb, this, claim, outbox, time, entropy));

    /// <inheritdoc />
    public async Task<bool> MarkProcessedAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken)
    {
        var mark = ProcessedMark(claim);
        return await TryUpdateAsync(
            new UpdateItemRequest
            {
                TableName = mark.TableName,
                Key = mark.Key,
                UpdateExpression = mark.UpdateExpression,
                ConditionExpression = mark.ConditionExpression,
                ExpressionAttributeNames = mark.ExpressionAttributeNames,
                ExpressionAttributeValues = mark.ExpressionAttributeValues,
                ReturnValuesOnConditionCheckFailure = ReturnValuesOnConditionCheckFailure.ALL_OLD,
            },
            item => IsProcessedBy(item, claim),
            cancellationToken);
    }

    /// <inheritdoc />
    public Task<bool> EndAttemptAsync(
        InboxClaim.Claimed claim, int deliveries, string errorCode, string errorMessage, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claim);
        var request = new UpdateItemRequest
        {
            TableName = options.TableName,
            Key = InboxItem.Key(claim.Key),
            UpdateExpression = "SET #status = :failed, deliveries = :deliveries, failedAt = :now, errorCode = :code, errorMessage = :message",
            ConditionExpression = "#status = :processing AND claimToken = :token",
            ExpressionAttributeNames = StatusName(),
            ExpressionAttributeValues = new()
            {
                [":failed"] = Values.S(InboxStatusText.Failed),
                [":processing"] = Values.S(InboxStatusText.Processing),
                [":token"] = Values.S(claim.Token),
                [":deliveries"] = Values.N(deliveries),
                [":now"] = Values.Time(time.GetUtcNow()),
                [":code"] = Values.S(errorCode),
                [":message"] = Values.S(ErrorText.Bound(errorMessage)),
            },
            ReturnValuesOnConditionCheckFailure = ReturnValuesOnConditionCheckFailure.ALL_OLD,
        };
        if (claim.Unfinished > 0)
        {
            request.UpdateExpression += ", unfinished = :unfinished REMOVE leaseUntil";
            request.ExpressionAttributeValues[":unfinished"] = Values.N(claim.Unfinished);
        }
        else
        {
            request.UpdateExpression += " REMOVE leaseUntil, unfinished, begunToken";
        }

        return TryUpdateAsync(
            request,
            item => item.GetString(Attributes.Status) == InboxStatusText.Failed && item.GetString(Attributes.ClaimToken) == claim.Token,
            cancellationToken);
    }

    /// <inheritdoc />
    /// <remarks>Without the payload store nothing is written of a handler that emits a large payload.</remarks>
    public bool IsOutage(Exception exception) => exception is PayloadStoreException { IsMissing: false };

    /// <inheritdoc />
    public async Task<InboxRecord?> FindAsync(InboxKey key, CancellationToken cancellationToken)
    {
        var item = await GetItemAsync(key, cancellationToken);
        return item is null ? null : InboxItem.ToRecord(item);
    }

    /// <inheritdoc />
    public Task GiveAttemptsBackAsync(InboxKey key, CancellationToken cancellationToken) => TryUpdateAsync(
        new UpdateItemRequest
        {
            TableName = options.TableName,
            Key = InboxItem.Key(key),
            UpdateExpression = "SET deliveries = :zero REMOVE unfinished, begunToken",
            ConditionExpression = "#status = :failed",
            ExpressionAttributeNames = StatusName(),
            ExpressionAttributeValues = new() { [":zero"] = Values.N(0), [":failed"] = Values.S(InboxStatusText.Failed) },
        },
        static _ => false,
        cancellationToken);

    /// <summary>The fenced update that completes a claim, for a call of its own or as part of a transaction.</summary>
    /// <param name="claim">The claim.</param>
    /// <param name="emitted">The events that the handler has emitted.</param>
    internal Update ProcessedMark(InboxClaim.Claimed claim, params IReadOnlyList<OutboxEvent> emitted)
    {
        var now = time.GetUtcNow();
        var text = EmittedEvents.ToText(emitted);
        var mark = new Update
        {
            TableName = options.TableName,
            Key = InboxItem.Key(claim.Key),

            // The record keeps the token that completed it, so that a repeated call knows its own work.
            UpdateExpression =
                $"SET #status = :processed, processedAt = :now, expiresAt = :expires{(text is null ? "" : ", emitted = :emitted")}"
                + " REMOVE leaseUntil, errorCode, errorMessage, failedAt",
            ConditionExpression = "#status = :processing AND claimToken = :token",
            ExpressionAttributeNames = StatusName(),
            ExpressionAttributeValues = new()
            {
                [":processed"] = Values.S(InboxStatusText.Processed),
                [":processing"] = Values.S(InboxStatusText.Processing),
                [":token"] = Values.S(claim.Token),
                [":now"] = Values.Time(now),
                [":expires"] = Values.Seconds(now + options.ProcessedRetention),
            },
        };
        if (text is not null)
        {
            mark.ExpressionAttributeValues[":emitted"] = Values.S(text);
        }

        return mark;
    }

    /// <summary>Whether this very claim has completed the record.</summary>
    internal async Task<bool> WasProcessedByAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken) =>
        await GetItemAsync(claim.Key, cancellationToken) is { } item && IsProcessedBy(item, claim);

    private async Task<InboxClaim> ClaimOneAsync(
        string consumer, InboxMessage message, TimeSpan lease, int maxAttempts, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var token = entropy.NewGuid().ToString("N");
        try
        {
            return await TryClaimAsync(ClaimRequest(isSuspect: false))
                ?? await TryClaimAsync(ClaimRequest(isSuspect: true))
                ?? new InboxClaim.InProgress(now);
        }
        catch (Exception e) when (DynamoDbFaults.IsTransient(e) && !cancellationToken.IsCancellationRequested)
        {
            // One message's trouble must not cost the others their claims.
            return new InboxClaim.Unavailable();
        }

        UpdateItemRequest ClaimRequest(bool isSuspect) => CreateClaim(consumer, message, token, now, lease, maxAttempts, isSuspect);

        // Null where the record is not decided by this condition.
        async Task<InboxClaim?> TryClaimAsync(UpdateItemRequest request)
        {
            try
            {
                var response = await _conflicts.RunAsync((_, ct) => dynamoDb.UpdateItemAsync(request, ct), cancellationToken);
                return InboxItem.ToClaim(response.Attributes, token);
            }
            catch (ConditionalCheckFailedException e)
            {
                return e.Item is { Count: > 0 } item
                    ? InboxItem.ToRefused(item).Decide(consumer, message, token, maxAttempts, now)

                    // Between the check and the answer the record was deleted: the next delivery finds none.
                    : new InboxClaim.InProgress(now);
            }
        }
    }

    private UpdateItemRequest CreateClaim(
        string consumer, InboxMessage message, string token, DateTimeOffset now, TimeSpan lease, int maxAttempts, bool isSuspect)
    {
        var request = new UpdateItemRequest
        {
            TableName = options.TableName,
            Key = InboxItem.Key(message.KeyFor(consumer)),
            UpdateExpression =
                "SET #status = :processing, claimToken = :token, claimedAt = :now, leaseUntil = :lease, payloadHash = :hash,"
                + " subject = :subject, receivedAt = if_not_exists(receivedAt, :now)" + (isSuspect ? "" : NewAttempt),
            ConditionExpression = isSuspect ? SuspectCondition : NewCondition,
            ExpressionAttributeNames = StatusName(),
            ExpressionAttributeValues = new()
            {
                [":processing"] = Values.S(InboxStatusText.Processing),
                [":failed"] = Values.S(InboxStatusText.Failed),
                [":token"] = Values.S(token),
                [":now"] = Values.Time(now),
                [":lease"] = Values.Time(now + lease),
                [":hash"] = new AttributeValue { B = new MemoryStream(message.PayloadHash.ToArray()) },
                [":subject"] = Values.S(message.Event.Subject),
                [":max"] = Values.N(maxAttempts),
            },
            ReturnValues = ReturnValue.ALL_NEW,
            ReturnValuesOnConditionCheckFailure = ReturnValuesOnConditionCheckFailure.ALL_OLD,
        };
        if (isSuspect)
        {
            request.ExpressionAttributeValues[":maxUnfinished"] = Values.N(InboxClaim.MaxUnfinished);
        }
        else
        {
            request.ExpressionAttributeValues[":zero"] = Values.N(0);
            request.ExpressionAttributeValues[":one"] = Values.N(1);
        }

        if (message is { Stream: { } stream, StreamSequence: { } sequence })
        {
            request.UpdateExpression += ", #stream = :stream, streamSequence = :sequence";
            request.ExpressionAttributeNames["#stream"] = Attributes.Stream;
            request.ExpressionAttributeValues[":stream"] = Values.S(stream);
            request.ExpressionAttributeValues[":sequence"] = Values.N(sequence);
        }

        return request;
    }

    private UpdateItemRequest HoldRequest(InboxClaim.Claimed claim, TimeSpan lease)
    {
        ArgumentNullException.ThrowIfNull(claim);
        return new()
        {
            TableName = options.TableName,
            Key = InboxItem.Key(claim.Key),
            UpdateExpression = "SET leaseUntil = :lease",
            ConditionExpression = "#status = :processing AND claimToken = :token",
            ExpressionAttributeNames = StatusName(),
            ExpressionAttributeValues = new()
            {
                [":processing"] = Values.S(InboxStatusText.Processing),
                [":token"] = Values.S(claim.Token),
                [":lease"] = Values.Time(time.GetUtcNow() + lease),
            },
        };
    }

    private async Task<bool> TryUpdateAsync(
        UpdateItemRequest request, Predicate<Dictionary<string, AttributeValue>> isAlreadyDone, CancellationToken cancellationToken)
    {
        try
        {
            await _conflicts.RunAsync((_, ct) => dynamoDb.UpdateItemAsync(request, ct), cancellationToken);
            return true;
        }
        catch (ConditionalCheckFailedException e)
        {
            return e.Item is { Count: > 0 } item && isAlreadyDone(item);
        }
    }

    private async Task<Dictionary<string, AttributeValue>?> GetItemAsync(InboxKey key, CancellationToken cancellationToken)
    {
        var response = await dynamoDb.GetItemAsync(
            new GetItemRequest
            {
                TableName = options.TableName,
                Key = InboxItem.Key(key),
                ConsistentRead = true,
            },
            cancellationToken);
        return response.Item is { Count: > 0 } item ? item : null;
    }

    private static bool IsProcessedBy(Dictionary<string, AttributeValue> item, InboxClaim.Claimed claim) =>
        item.GetString(Attributes.Status) == InboxStatusText.Processed && item.GetString(Attributes.ClaimToken) == claim.Token;

    private static Dictionary<string, string> StatusName() => new(1) { ["#status"] = Attributes.Status };
}
