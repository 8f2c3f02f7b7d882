using Amazon.DynamoDBv2.Model;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Paging;

namespace Relaybox.DynamoDb;

// Maintenance: bounded pages of a scan with a cursor; each change is conditional on what the page saw still being true.
internal sealed partial class DynamoDbInboxRepository
{
    /// <inheritdoc />
    /// <remarks>
    /// Failed records have no time to live: one that is claimed again would have to lose it, and the scan passes them anyway.
    /// </remarks>
    public async Task<MaintenancePage> CleanupAsync(
        TimeSpan processedRetention, TimeSpan failedRetention, string? cursor, int pageSize, CancellationToken cancellationToken)
    {
        const string Condition =
            "(#status = :processed AND processedAt < :processedBefore) OR (#status = :failed AND failedAt < :failedBefore)";
        var now = time.GetUtcNow();
        var values = new Dictionary<string, AttributeValue>
        {
            [":processed"] = Values.S(InboxStatusText.Processed),
            [":processedBefore"] = Values.Time(now - processedRetention),
            [":failed"] = Values.S(InboxStatusText.Failed),
            [":failedBefore"] = Values.Time(now - failedRetention),
        };
        var page = await ScanPageAsync(Condition, values, cursor, pageSize, cancellationToken);
        var deleted = await ConditionalWrites.CountAppliedAsync(
            page.Items ?? [],
            options.Concurrency,
            (item, ct) => dynamoDb.DeleteItemAsync(
                new DeleteItemRequest
                {
                    TableName = options.TableName,
                    Key = InboxItem.Key(InboxItem.KeyOf(item)),
                    ConditionExpression = Condition,
                    ExpressionAttributeNames = StatusName(),
                    ExpressionAttributeValues = values,
                },
                ct),
            cancellationToken);
        return new MaintenancePage(deleted, InboxCursor.From(page.LastEvaluatedKey));
    }

    /// <inheritdoc />
    public async Task<MaintenancePage> ResetStaleAsync(
        TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken)
    {
        const string Condition = "#status = :processing AND (attribute_not_exists(leaseUntil) OR leaseUntil < :before)";
        var now = time.GetUtcNow();
        var values = new Dictionary<string, AttributeValue>
        {
            [":processing"] = Values.S(InboxStatusText.Processing),
            [":before"] = Values.Time(now - age),
        };
        var page = await ScanPageAsync(Condition, values, cursor, pageSize, cancellationToken);
        var reset = await ConditionalWrites.CountAppliedAsync(
            page.Items ?? [],
            options.Concurrency,
            (item, ct) => dynamoDb.UpdateItemAsync(
                new UpdateItemRequest
                {
                    TableName = options.TableName,
                    Key = InboxItem.Key(InboxItem.KeyOf(item)),

                    // Without its token the late handler's commit cannot hold, whenever it comes.
                    UpdateExpression =
                        "SET #status = :failed, failedAt = :now, errorCode = :code, errorMessage = :message REMOVE leaseUntil, claimToken",
                    ConditionExpression = Condition,
                    ExpressionAttributeNames = StatusName(),
                    ExpressionAttributeValues = new(values)
                    {
                        [":failed"] = Values.S(InboxStatusText.Failed),
                        [":now"] = Values.Time(now),
                        [":code"] = Values.S(ErrorCodes.LeaseExpired),
                        [":message"] = Values.S(InboxRecord.LeaseExpired),
                    },
                },
                ct),
            cancellationToken);
        return new MaintenancePage(reset, InboxCursor.From(page.LastEvaluatedKey));
    }

    /// <inheritdoc />
    public Task<IReadOnlyDictionary<string, long>> GetCountByStatusAsync(CancellationToken cancellationToken) =>
        StatusCounts.OfAllAsync(
            cursor => ScanPageAsync(filter: null, values: null, cursor, pageSize: null, cancellationToken),
            InboxCursor.From);

    private Task<ScanResponse> ScanPageAsync(
        string? filter,
        Dictionary<string, AttributeValue>? values,
        string? cursor,
        int? pageSize,
        CancellationToken cancellationToken) => dynamoDb.ScanAsync(
            new ScanRequest
            {
                TableName = options.TableName,
                ProjectionExpression = "eventId, consumer, #status",
                FilterExpression = filter,
                ExpressionAttributeNames = StatusName(),
                ExpressionAttributeValues = values,
                ExclusiveStartKey = InboxCursor.ToKey(cursor),
                Limit = pageSize,
            },
            cancellationToken);
}
