using System.Globalization;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;

namespace Relaybox.Local.Demo;

/// <summary>Reads back what the demo left in the tables.</summary>
internal sealed class DemoTables(IAmazonDynamoDB dynamoDb, string outboxTable, string effectsTable)
{
    /// <summary>How many effects there are.</summary>
    public async Task<int> CountEffectsAsync(CancellationToken cancellationToken) =>
        await CountAsync(new ScanRequest { TableName = effectsTable, Select = Select.COUNT }, cancellationToken);

    /// <summary>How many outbox rows are sent.</summary>
    public async Task<int> CountSentAsync(CancellationToken cancellationToken) => await CountAsync(
        new ScanRequest
        {
            TableName = outboxTable,
            Select = Select.COUNT,
            FilterExpression = "#status = :sent",
            ExpressionAttributeNames = new() { ["#status"] = "status" },
            ExpressionAttributeValues = new() { [":sent"] = new AttributeValue("sent") },
        },
        cancellationToken);

    /// <summary>The status of every outbox row, by event id.</summary>
    public async Task<IReadOnlyDictionary<string, string>> ReadOutboxAsync(CancellationToken cancellationToken) =>
        (await ScanAsync(outboxTable, cancellationToken)).ToDictionary(item => item["eventId"].S, item => item["status"].S);

    /// <summary>The effects, by event id.</summary>
    public async Task<IReadOnlyDictionary<string, Effect>> ReadEffectsAsync(CancellationToken cancellationToken) =>
        (await ScanAsync(effectsTable, cancellationToken)).ToDictionary(
            item => item["eventId"].S,
            item => new Effect(
                int.Parse(item["applied"].N, CultureInfo.InvariantCulture),
                DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(item["appliedAt"].N, CultureInfo.InvariantCulture))));

    /// <summary>The orders that were committed: event id and time.</summary>
    public async Task<IReadOnlyDictionary<string, DateTimeOffset>> ReadOrdersAsync(CancellationToken cancellationToken) =>
        (await ScanAsync(OrderWriter.OrdersTable, cancellationToken)).ToDictionary(
            item => item["eventId"].S,
            item => DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(item["committedAt"].N, CultureInfo.InvariantCulture)));

    private async Task<int> CountAsync(ScanRequest request, CancellationToken cancellationToken)
    {
        var count = 0;
        request.ConsistentRead = true;
        do
        {
            var page = await dynamoDb.ScanAsync(request, cancellationToken);
            count += page.Count ?? 0;
            request.ExclusiveStartKey = page.LastEvaluatedKey;
        }
        while (request.ExclusiveStartKey is { Count: > 0 });
        return count;
    }

    private async Task<List<Dictionary<string, AttributeValue>>> ScanAsync(string table, CancellationToken cancellationToken)
    {
        var items = new List<Dictionary<string, AttributeValue>>();
        var request = new ScanRequest { TableName = table, ConsistentRead = true };
        do
        {
            var page = await dynamoDb.ScanAsync(request, cancellationToken);
            items.AddRange(page.Items ?? []);
            request.ExclusiveStartKey = page.LastEvaluatedKey;
        }
        while (request.ExclusiveStartKey is { Count: > 0 });
        return items;
    }
}
