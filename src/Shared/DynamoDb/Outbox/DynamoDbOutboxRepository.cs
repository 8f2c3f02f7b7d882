using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Timing;

namespace Relaybox.DynamoDb;

/// <summary>
/// The outbox in a DynamoDB table with a sparse due index. The index only names candidates: the conditional write on the
/// row decides. The clock is the caller's; where clocks differ, rows are late or published twice, never lost.
/// </summary>
/// <param name="dynamoDb">The client; its own retries come first.</param>
/// <param name="options">The table and how it is used.</param>
/// <param name="time">The clock.</param>
/// <param name="entropy">The source of claim tokens and jitter.</param>
internal sealed partial class DynamoDbOutboxRepository(
    IAmazonDynamoDB dynamoDb, DynamoDbOutboxOptions options, TimeProvider time, IEntropy entropy) : IOutboxRepository
{
    private readonly StatementBatch _statements = new(dynamoDb, entropy, time);
    private readonly RowReader _reader = new(dynamoDb, options.TableName, entropy, time);
    private readonly RetryLoop _conflicts = DynamoDbFaults.WhileConflicting(time, entropy);

    /// <inheritdoc />
    public async Task<FoundOrCreated> FindOrCreateAsync(OutboxEvent outboxEvent, CancellationToken cancellationToken)
    {
        RowContract.Require(outboxEvent);
        var item = OutboxItem.ToItem(outboxEvent, options, time.GetUtcNow());
        try
        {
            await dynamoDb.PutItemAsync(
                new PutItemRequest
                {
                    TableName = options.TableName,
                    Item = item,
                    ConditionExpression = "attribute_not_exists(eventId)",
                    ReturnValuesOnConditionCheckFailure = ReturnValuesOnConditionCheckFailure.ALL_OLD,
                },
                cancellationToken);
            return new FoundOrCreated(OutboxItem.ToRow(item), Created: true);
        }
        catch (ConditionalCheckFailedException e)
        {
            var row = OutboxItem.ToRow(e.Item);
            return row.Event.SaysTheSameAs(outboxEvent)
                ? new FoundOrCreated(row, Created: false)
                : throw new EventIdConflictException(outboxEvent.EventId);
        }
    }

    /// <inheritdoc />
    public async Task<OutboxRow?> FindAsync(string eventId, CancellationToken cancellationToken)
    {
        var response = await dynamoDb.GetItemAsync(
            new GetItemRequest { TableName = options.TableName, Key = Key(eventId), ConsistentRead = true },
            cancellationToken);
        return response.Item is { Count: > 0 } item ? OutboxItem.ToRow(item) : null;
    }

    /// <inheritdoc />
    public async Task<IReadOnlyList<OutboxRow>> FindPendingAsync(int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);

        // Rows of the stream are in no index, so the table is read; what is kept never exceeds the limit.
        var oldest = new PriorityQueue<OutboxRow, long>();
        var request = new ScanRequest
        {
            TableName = options.TableName,
            FilterExpression = "#status = :pending",
            ExpressionAttributeNames = StatusName(),
            ExpressionAttributeValues = new() { [":pending"] = Values.S(OutboxStatusText.Pending) },
        };
        do
        {
            var page = await dynamoDb.ScanAsync(request, cancellationToken);
            foreach (var item in page.Items ?? [])
            {
                var row = OutboxItem.ToRow(item);
                oldest.Enqueue(row, -(row.Event.EnqueuedAt?.ToUnixTimeMilliseconds() ?? 0));
                if (oldest.Count > limit)
                {
                    oldest.Dequeue();
                }
            }

            request.ExclusiveStartKey = page.LastEvaluatedKey;
        }
        while (request.ExclusiveStartKey is { Count: > 0 });

        return [.. oldest.UnorderedItems.OrderByDescending(entry => entry.Priority).Select(entry => entry.Element)];
    }

    private static Dictionary<string, AttributeValue> Key(string eventId) => new(1) { [Attributes.EventId] = Values.S(eventId) };

    private static Dictionary<string, string> StatusName() => new(1) { ["#status"] = Attributes.Status };
}
