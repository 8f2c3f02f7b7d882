using System.Collections.Concurrent;
using System.Globalization;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Timing;

namespace Relaybox.DynamoDb;

/// <summary>
/// What operators need of an outbox in DynamoDB. Parked rows are in the due index, which is eventually consistent: what it names is read
/// from the table. The store keeps no order, so that no row can be skipped, and any parked row can be deleted.
/// </summary>
/// <param name="dynamoDb">The client.</param>
/// <param name="options">The table and how it is used.</param>
/// <param name="time">The clock.</param>
/// <param name="entropy">The source of jitter.</param>
internal sealed class DynamoDbOutboxOperations(IAmazonDynamoDB dynamoDb, DynamoDbOutboxOptions options, TimeProvider time, IEntropy entropy)
    : IOutboxOperations
{
    private readonly RowReader _reader = new(dynamoDb, options.TableName, entropy, time);

    /// <inheritdoc />
    public Task<RowPage> ReadAsync(
        OutboxStatus status, DateTimeOffset? since, string? cursor, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return status == OutboxStatus.Sent
            ? ReadSentAsync(since, cursor, limit, cancellationToken)
            : ReadParkedAsync(since, cursor, limit, cancellationToken);
    }

    // No index has rows that are done: the table is scanned.
    private async Task<RowPage> ReadSentAsync(DateTimeOffset? since, string? cursor, int limit, CancellationToken cancellationToken)
    {
        var page = await dynamoDb.ScanAsync(
            new ScanRequest
            {
                TableName = options.TableName,
                ProjectionExpression = RowReader.ListedAttributes,
                FilterExpression = "#status = :sent AND sentAt >= :since",
                ExpressionAttributeNames = new() { ["#status"] = Attributes.Status },
                ExpressionAttributeValues = new()
                {
                    [":sent"] = Values.S(OutboxStatusText.Sent),
                    [":since"] = Values.Time(since ?? DateTimeOffset.UnixEpoch),
                },
                ExclusiveStartKey = cursor is null ? null : new() { [Attributes.EventId] = Values.S(cursor) },
                Limit = limit,
            },
            cancellationToken);
        return new RowPage(
            InOrder((page.Items ?? []).Select(OutboxItem.ToRow)),
            page.LastEvaluatedKey is { Count: > 0 } last ? last.GetString(Attributes.EventId) : null,
            time.GetUtcNow());
    }

    private async Task<RowPage> ReadParkedAsync(DateTimeOffset? since, string? cursor, int limit, CancellationToken cancellationToken)
    {
        // A later page begins after its cursor, which must be a place that the condition allows.
        var begin = cursor is null ? since : null;
        var page = await dynamoDb.QueryAsync(
            new QueryRequest
            {
                TableName = options.TableName,
                IndexName = Attributes.DueIndex,
                KeyConditionExpression = "dueShard = :shard AND dueAt >= :since",
                ExpressionAttributeValues = new()
                {
                    [":shard"] = Values.S(Attributes.FailedShard),
                    [":since"] = Values.Time(begin ?? DateTimeOffset.UnixEpoch),
                },
                ExclusiveStartKey = ReadCursor(cursor),
                Limit = limit,
            },
            cancellationToken);
        var items = await _reader.ReadListedAsync([.. (page.Items ?? []).Select(item => item.GetString(Attributes.EventId)!)], cancellationToken);
        return new RowPage(
            InOrder(items.Select(OutboxItem.ToRow).Where(row => row.Status == OutboxStatus.Failed)),
            page.LastEvaluatedKey is { Count: > 0 } last
                ? string.Create(CultureInfo.InvariantCulture, $"{last.GetNumber(Attributes.DueAt)} {last.GetString(Attributes.EventId)}")
                : null,
            time.GetUtcNow());
    }

    /// <inheritdoc />
    /// <remarks>
    /// The client repeats calls by itself, and does not tell. A row counts as left alone where the answer of the call that changed it was lost.
    /// </remarks>
    public async Task<ActionOutcome> ApplyAsync(
        RowAction action, IReadOnlyList<RowVersion> rows, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var applied = new ConcurrentBag<string>();
        if (action != RowAction.Skip)
        {
            await ConditionalWrites.CountAppliedAsync(
                rows.Where(row => row.Allows(action)),
                options.Concurrency,
                async (row, ct) =>
                {
                    await WriteAsync(action, row, ct);
                    applied.Add(row.EventId);
                    return true;
                },
                cancellationToken);
        }

        return new ActionOutcome(applied, []);
    }

    /// <inheritdoc />
    public Task<string?> FindBlockerAsync(OutboxRow row, CancellationToken cancellationToken) => Task.FromResult<string?>(null);

    private static IReadOnlyList<OutboxRow> InOrder(IEnumerable<OutboxRow> rows) =>
        [.. rows.OrderBy(RowPage.TimeOf).ThenBy(row => row.Event.EventId, StringComparer.Ordinal)];

    private async Task WriteAsync(RowAction action, RowVersion row, CancellationToken cancellationToken)
    {
        var key = new Dictionary<string, AttributeValue>(1) { [Attributes.EventId] = Values.S(row.EventId) };
        var names = new Dictionary<string, string>(1) { ["#status"] = Attributes.Status };
        var values = new Dictionary<string, AttributeValue> { [":failed"] = Values.S(OutboxStatusText.Failed) };
        var condition = $"#status = :failed AND {IsStill(Attributes.FailedAt, row.FailedAt)} AND {IsStill(Attributes.ShelvedAt, row.ShelvedAt)}";
        if (action == RowAction.Purge)
        {
            await dynamoDb.DeleteItemAsync(
                new DeleteItemRequest
                {
                    TableName = options.TableName,
                    Key = key,
                    ConditionExpression = condition,
                    ExpressionAttributeNames = names,
                    ExpressionAttributeValues = values,
                },
                cancellationToken);
            return;
        }

        await dynamoDb.UpdateItemAsync(
            new UpdateItemRequest
            {
                TableName = options.TableName,
                Key = key,
                UpdateExpression = UpdateOf(action, row, values),
                ConditionExpression = condition,
                ExpressionAttributeNames = names,
                ExpressionAttributeValues = values,
            },
            cancellationToken);

        string IsStill(string attribute, DateTimeOffset? at)
        {
            if (at is not { } known)
            {
                return $"attribute_not_exists({attribute})";
            }

            values[$":{attribute}"] = Values.Time(known);
            return $"{attribute} = :{attribute}";
        }
    }

    private string UpdateOf(RowAction action, RowVersion row, Dictionary<string, AttributeValue> values)
    {
        switch (action)
        {
            case RowAction.Redrive:
                values[":pending"] = Values.S(OutboxStatusText.Pending);
                values[":none"] = Values.N(0);
                values[":shard"] = Values.S(DueShard.Of(row.EventId, options.DueShards));
                values[":now"] = Values.Time(time.GetUtcNow());
                return "SET #status = :pending, attempts = :none, dueShard = :shard, dueAt = :now REMOVE failedAt, shelvedAt, unfinished";
            case RowAction.Shelve:
                values[":now"] = Values.Time(time.GetUtcNow());
                return "SET shelvedAt = :now";
            case RowAction.Unshelve:
                return "REMOVE shelvedAt";
            default:
                throw new ArgumentOutOfRangeException(nameof(action), action, null);
        }
    }

    private static Dictionary<string, AttributeValue>? ReadCursor(string? cursor) => cursor?.Split(' ', 2) is [var dueAt, var eventId]
        ? new()
        {
            [Attributes.EventId] = Values.S(eventId),
            [Attributes.DueShard] = Values.S(Attributes.FailedShard),
            [Attributes.DueAt] = Values.N(long.Parse(dueAt, CultureInfo.InvariantCulture)),
        }
        : null;
}
