using System.Globalization;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Relaybox.DynamoDb;

namespace PlaceOrder;

/// <summary>Orders in DynamoDB.</summary>
internal sealed class DynamoDbOrders : IOrders
{
    private const string Table = "orders";

    // Region, credentials and endpoint come from the environment.
    private readonly AmazonDynamoDBClient _dynamoDb = new();

    private readonly DynamoDbOutboxOptions _options = new()
    {
        TableName = Environment.GetEnvironmentVariable("OUTBOX_TABLE")
            ?? throw new InvalidOperationException("OUTBOX_TABLE is not set. Run: source .relaybox/env"),
    };

    /// <inheritdoc />
    public async Task PlaceAsync(Order order, string eventId, CancellationToken cancellationToken)
    {
        await CreateTableAsync(cancellationToken);

        // ExecuteWithOutboxAsync does the same under an id of its own.
        var writer = new DynamoDbOutboxWriter(_dynamoDb, _options);
        var insert = new TransactWriteItem
        {
            Put = new Put
            {
                TableName = Table,
                Item = new()
                {
                    ["orderId"] = new AttributeValue { S = order.OrderId },
                    ["customer"] = new AttributeValue { S = order.Customer },
                    ["totalCents"] = new AttributeValue { N = order.TotalCents.ToString(CultureInfo.InvariantCulture) },
                },
                ConditionExpression = "attribute_not_exists(orderId)",
            },
        };
        await writer.CommitAsync([insert], writer.NewEvent(Order.Placed, order.ToJson()) with { EventId = eventId }, cancellationToken);
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync()
    {
        _dynamoDb.Dispose();
        return ValueTask.CompletedTask;
    }

    // The app's own table.
    private async Task CreateTableAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _dynamoDb.CreateTableAsync(
                new CreateTableRequest
                {
                    TableName = Table,
                    AttributeDefinitions = [new AttributeDefinition("orderId", ScalarAttributeType.S)],
                    KeySchema = [new KeySchemaElement("orderId", KeyType.HASH)],
                    BillingMode = BillingMode.PAY_PER_REQUEST,
                },
                cancellationToken);
        }
        catch (ResourceInUseException)
        {
            // It is there.
        }

        while ((await _dynamoDb.DescribeTableAsync(Table, cancellationToken)).Table.TableStatus != TableStatus.ACTIVE)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
        }
    }
}
