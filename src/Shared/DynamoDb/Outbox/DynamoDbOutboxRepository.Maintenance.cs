using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Relaybox.Outbox;
using Relaybox.Paging;

namespace Relaybox.DynamoDb;

// Maintenance: bounded pages with a cursor; each change is conditional on what the page saw still being true.
internal sealed partial class DynamoDbOutboxRepository
{
    /// <inheritdoc />
    public async Task<MaintenancePage> CleanupAsync(
        TimeSpan sentRetention, TimeSpan? failedRetention, string? cursor, int pageSize, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var condition = "(#status = :sent AND sentAt < :sentBefore)";
        var values = new Dictionary<string, AttributeValue>
        {
            [":sent"] = Values.S(OutboxStatusText.Sent),
            [":sentBefore"] = Values.Time(now - sentRetention),
        };
        if (failedRetention is { } retention)
        {
            condition += " OR (#status = :failed AND failedAt < :failedBefore)";
            values[":failed"] = Values.S(OutboxStatusText.Failed);
            values[":failedBefore"] = Values.Time(now - retention);
        }

        var page = await ScanPageAsync("eventId", condition, values, cursor, pageSize, cancellationToken);
        var deleted = await CountAppliedAsync(
            page.Items ?? [],
            (item, ct) => dynamoDb.DeleteItemAsync(
                new DeleteItemRequest
                {
                    TableName = options.TableName,
                    Key = Key(item.GetString(Attributes.EventId)!),
                    ConditionExpression = condition,
                    ExpressionAttributeNames = StatusName(),
                    ExpressionAttributeValues = values,
                },
                ct),
            cancellationToken);
        return new MaintenancePage(deleted, CursorOf(page.LastEvaluatedKey));
    }

    /// <inheritdoc />
    public async Task<MaintenancePage> ResetStaleAsync(
        TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken)
    {
        var at = DueCursor.Parse(cursor);
        var now = time.GetUtcNow();
        var expiredBefore = now - age;
        var request = DueQuery(at.Shard, expiredBefore, pageSize);
        request.ExclusiveStartKey = at.ToStartKey();
        var page = await dynamoDb.QueryAsync(request, cancellationToken);

        // The index names what is in a backlog, too: to read a row costs a fifth of a write that its condition refuses.
        var rows = await _reader.ReadStatesAsync([.. (page.Items ?? []).Select(item => item.GetString(Attributes.EventId)!)], cancellationToken);
        var reset = await CountAppliedAsync(
            [.. rows.Where(item => DueRow.LeaseEnd(item) <= expiredBefore)],
            (item, ct) => dynamoDb.UpdateItemAsync(
                new UpdateItemRequest
                {
                    TableName = options.TableName,
                    Key = Key(item.GetString(Attributes.EventId)!),
                    UpdateExpression = "SET #status = :pending, dueAt = :now REMOVE claimToken, claimedAt, leaseUntil",
                    ConditionExpression = $"#status = :publishing AND {LeaseOver("expiredBefore")}",
                    ExpressionAttributeNames = StatusName(),
                    ExpressionAttributeValues = new()
                    {
                        [":pending"] = Values.S(OutboxStatusText.Pending),
                        [":publishing"] = Values.S(OutboxStatusText.Publishing),
                        [":now"] = Values.Time(now),
                        [":expiredBefore"] = Values.Time(expiredBefore),
                    },
                },
                ct),
            cancellationToken);
        return new MaintenancePage(reset, at.Next(page.LastEvaluatedKey, options.DueShards)?.ToString());
    }

    /// <inheritdoc />
    public async Task<ReconcilePage> ReconcileAsync(
        TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var page = await ScanPageAsync(
            "eventId, #status, enqueuedAt, availableAt, dueShard", filter: null, values: null, cursor, pageSize, cancellationToken);
        var counts = StatusCounts.Empty();
        var lost = new List<Dictionary<string, AttributeValue>>();
        foreach (var item in page.Items ?? [])
        {
            if (OutboxStatusText.Parse(counts.Count(item)) is OutboxStatus.Pending or OutboxStatus.Publishing or OutboxStatus.Failed
                && !item.ContainsKey(Attributes.DueShard)
                && !(item.GetTime(Attributes.EnqueuedAt) > now - age))
            {
                lost.Add(item);
            }
        }

        var recovered = await CountAppliedAsync(lost, (item, ct) => MakeDueAsync(item, now, age, ct), cancellationToken);
        return new ReconcilePage(recovered, counts, CursorOf(page.LastEvaluatedKey));
    }

    /// <inheritdoc />
    public Task<IReadOnlyDictionary<string, long>> GetCountByStatusAsync(CancellationToken cancellationToken) =>
        StatusCounts.OfAllAsync(
            cursor => ScanPageAsync("eventId, #status", filter: null, values: null, cursor, pageSize: null, cancellationToken),
            CursorOf);

    private Task<UpdateItemResponse> MakeDueAsync(
        Dictionary<string, AttributeValue> item, DateTimeOffset now, TimeSpan age, CancellationToken cancellationToken)
    {
        var eventId = item.GetString(Attributes.EventId)!;
        var status = item.GetString(Attributes.Status)!;
        var parked = status == OutboxStatusText.Failed;

        // Without a time nobody can tell a lost row from one that the stream is about to relay: give it one age more.
        var dueAt = parked || item.GetTime(Attributes.EnqueuedAt) is not null ? now : now + age;
        if (!parked && item.GetTime(Attributes.AvailableAt) is { } availableAt && availableAt > dueAt)
        {
            dueAt = availableAt;
        }

        return dynamoDb.UpdateItemAsync(
            new UpdateItemRequest
            {
                TableName = options.TableName,
                Key = Key(eventId),
                UpdateExpression = "SET dueShard = :shard, dueAt = :dueAt",
                ConditionExpression = "#status = :status AND attribute_not_exists(dueShard)",
                ExpressionAttributeNames = StatusName(),
                ExpressionAttributeValues = new()
                {
                    [":status"] = Values.S(status),
                    [":shard"] = Values.S(parked ? Attributes.FailedShard : DueShard.Of(eventId, options.DueShards)),
                    [":dueAt"] = Values.Time(dueAt),
                },
            },
            cancellationToken);
    }

    private Task<ScanResponse> ScanPageAsync(
        string projection,
        string? filter,
        Dictionary<string, AttributeValue>? values,
        string? cursor,
        int? pageSize,
        CancellationToken cancellationToken) => dynamoDb.ScanAsync(
            new ScanRequest
            {
                TableName = options.TableName,
                ProjectionExpression = projection,
                FilterExpression = filter,
                ExpressionAttributeNames = StatusName(),
                ExpressionAttributeValues = values,
                ExclusiveStartKey = cursor is null ? null : Key(cursor),
                Limit = pageSize,
            },
            cancellationToken);

    private Task<int> CountAppliedAsync<TResponse>(
        List<Dictionary<string, AttributeValue>> items,
        Func<Dictionary<string, AttributeValue>, CancellationToken, Task<TResponse>> write,
        CancellationToken cancellationToken) =>
        ConditionalWrites.CountAppliedAsync(items, options.Concurrency, write, cancellationToken);

    private static string? CursorOf(Dictionary<string, AttributeValue>? lastKey) => lastKey?.GetString(Attributes.EventId);
}
