using System.Globalization;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Amazon.Runtime;
using Relaybox.Local.Stores.DynamoDb;

namespace Relaybox.EndToEnd.Tests.Examples;

/// <summary>DynamoDB and SQS.</summary>
internal sealed class DynamoDbExampleStack : ExampleStack
{
    private readonly AmazonDynamoDBClient _dynamoDb;

    private DynamoDbExampleStack(Started started)
        : base(started) => _dynamoDb = new AmazonDynamoDBClient(
            new BasicAWSCredentials("local", "local"),
            new AmazonDynamoDBConfig
            {
                ServiceURL = ((DynamoDbRun)Servers.Store).Endpoint.ToString(), AuthenticationRegion = Environment["AWS_REGION"],
            });

    public static async Task<ExampleStack> StartAsync() => new DynamoDbExampleStack(await StartAsync("dynamodb", "sqs"));

    public override async Task<Effect?> FindEffectAsync(string eventId)
    {
        var item = await ReadAsync(Environment["EFFECTS_TABLE"], "eventId", eventId);
        return item is { Count: > 0 }
            ? new Effect(
                long.Parse(item["applied"].N, CultureInfo.InvariantCulture),
                item["orderId"].S,
                DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(item["appliedAt"].N, CultureInfo.InvariantCulture)))
            : null;
    }

    public override async Task<bool> HasOrderAsync(string orderId) => await ReadAsync("orders", "orderId", orderId) is { Count: > 0 };

    public override async Task<long> CountEventsAsync() => (await _dynamoDb.ScanAsync(
        new ScanRequest { TableName = Environment["OUTBOX_TABLE"], Select = Select.COUNT, ConsistentRead = true })).Count ?? 0;

    public override ValueTask DisposeAsync()
    {
        _dynamoDb.Dispose();
        return base.DisposeAsync();
    }

    private async Task<Dictionary<string, AttributeValue>?> ReadAsync(string table, string key, string value) =>
        (await _dynamoDb.GetItemAsync(table, new() { [key] = new AttributeValue(value) }, consistentRead: true)).Item;
}
