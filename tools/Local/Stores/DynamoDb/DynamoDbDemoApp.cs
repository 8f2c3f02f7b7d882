using System.Globalization;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Amazon.Runtime;
using Relaybox.Local.Aws;
using Relaybox.Local.Demo;
using Relaybox.Outbox;

namespace Relaybox.Local.Stores.DynamoDb;

/// <summary>The app on DynamoDB.</summary>
internal sealed class DynamoDbDemoApp(Uri endpoint, string outboxTable, string effectsTable, TimeProvider time) : IDemoApp
{
    private const string OrdersTable = "relaybox-demo-Orders";

    private readonly AmazonDynamoDBClient _dynamoDb = new(
        new BasicAWSCredentials(LocalAws.AccessKeyId, LocalAws.SecretAccessKey),
        new AmazonDynamoDBConfig { ServiceURL = endpoint.ToString(), AuthenticationRegion = LocalAws.Region });

    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        await _dynamoDb.CreateTableAsync(
            new CreateTableRequest
            {
                TableName = OrdersTable,
                BillingMode = BillingMode.PAY_PER_REQUEST,
                AttributeDefinitions = [new AttributeDefinition("orderId", ScalarAttributeType.S)],
                KeySchema = [new KeySchemaElement("orderId", KeyType.HASH)],
            },
            cancellationToken);
        while ((await _dynamoDb.DescribeTableAsync(OrdersTable, cancellationToken)).Table.TableStatus != TableStatus.ACTIVE)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), time, cancellationToken);
        }
    }

    public async Task<bool> PlaceAsync(Order order, CancellationToken cancellationToken)
    {
        try
        {
            await _dynamoDb.TransactWriteItemsAsync(
                new TransactWriteItemsRequest
                {
                    TransactItems = [Insert(OrdersTable, BusinessRow(order)), Insert(outboxTable, OutboxRow(order))],
                    ClientRequestToken = order.EventId,
                },
                cancellationToken);
            return true;
        }
        catch (AmazonDynamoDBException)
        {
            return false;
        }
    }

    public Task<IReadOnlyDictionary<string, (string Key, long Place)>?> ReadPlacesAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyDictionary<string, (string Key, long Place)>?>(null);

    public ValueTask DisposeAsync()
    {
        _dynamoDb.Dispose();
        return ValueTask.CompletedTask;
    }

    public async Task<int> CountEffectsAsync(CancellationToken cancellationToken) =>
        await CountAsync(new ScanRequest { TableName = effectsTable, Select = Select.COUNT }, cancellationToken);

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

    public async Task<IReadOnlyDictionary<string, string>> ReadOutboxAsync(CancellationToken cancellationToken) =>
        (await ScanAsync(outboxTable, cancellationToken)).ToDictionary(item => item["eventId"].S, item => item["status"].S);

    public async Task<IReadOnlyDictionary<string, Effect>> ReadEffectsAsync(CancellationToken cancellationToken) =>
        (await ScanAsync(effectsTable, cancellationToken)).ToDictionary(
            item => item["eventId"].S,
            item => new Effect(
                int.Parse(item["applied"].N, CultureInfo.InvariantCulture),
                DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(item["appliedAt"].N, CultureInfo.InvariantCulture))));

    public async Task<IReadOnlyDictionary<string, DateTimeOffset>> ReadOrdersAsync(CancellationToken cancellationToken) =>
        (await ScanAsync(OrdersTable, cancellationToken)).ToDictionary(
            item => item["eventId"].S,
            item => DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(item["committedAt"].N, CultureInfo.InvariantCulture)));

    private async Task<int> CountAsync(ScanRequest request, CancellationToken cancellationToken)
    {
        var count = 0;
        request.ConsistentRead = true;
        do
        {
            var page = await _dynamoDb.ScanAsync(request, cancellationToken);
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
            var page = await _dynamoDb.ScanAsync(request, cancellationToken);
            items.AddRange(page.Items ?? []);
            request.ExclusiveStartKey = page.LastEvaluatedKey;
        }
        while (request.ExclusiveStartKey is { Count: > 0 });
        return items;
    }

    private static TransactWriteItem Insert(string table, Dictionary<string, AttributeValue> item) =>
        new() { Put = new Put { TableName = table, Item = item } };

    private static Dictionary<string, AttributeValue> BusinessRow(Order order) => new()
    {
        ["orderId"] = new AttributeValue(order.OrderId),
        ["customer"] = new AttributeValue(order.Customer),
        ["totalCents"] = Number(order.TotalCents),
        ["eventId"] = new AttributeValue(order.EventId),
        ["committedAt"] = Number(order.CommittedAt.ToUnixTimeMilliseconds()),
    };

    private static Dictionary<string, AttributeValue> OutboxRow(Order order)
    {
        var row = new Dictionary<string, AttributeValue>
        {
            ["eventId"] = new(order.EventId),
            ["subject"] = new(order.EventSubject),
            ["payload"] = new(order.Payload),
            ["status"] = new("pending"),
        };
        if (order.OrderingKey is { } key)
        {
            row["orderingKey"] = new AttributeValue(key);
        }

        return row;
    }

    private static AttributeValue Number(long value) => new() { N = value.ToString(CultureInfo.InvariantCulture) };
}
