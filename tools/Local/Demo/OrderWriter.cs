using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;

namespace Relaybox.Local.Demo;

/// <summary>
/// The app: it places orders, each with its event in one transaction. It knows the outbox table and the row
/// contract, nothing else of Relaybox.
/// </summary>
internal sealed class OrderWriter(IAmazonDynamoDB dynamoDb, string outboxTable, TimeProvider time)
{
    public const string OrdersTable = "relaybox-demo-Orders";
    private const string Subject = "orders.placed";
    private static readonly string[] Customers = ["Ada", "Grace", "Edsger", "Barbara", "Tony", "Donald", "Frances", "Leslie"];

    private readonly ConcurrentBag<Order> written = [];
    private int failed;

    /// <summary>Orders whose transaction was committed.</summary>
    public IReadOnlyCollection<Order> Written => written;

    public int Failed => Volatile.Read(ref failed);

    public async Task CreateTableAsync(CancellationToken cancellationToken)
    {
        await dynamoDb.CreateTableAsync(
            new CreateTableRequest
            {
                TableName = OrdersTable,
                BillingMode = BillingMode.PAY_PER_REQUEST,
                AttributeDefinitions = [new AttributeDefinition("orderId", ScalarAttributeType.S)],
                KeySchema = [new KeySchemaElement("orderId", KeyType.HASH)],
            },
            cancellationToken);
        while ((await dynamoDb.DescribeTableAsync(OrdersTable, cancellationToken)).Table.TableStatus != TableStatus.ACTIVE)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), time, cancellationToken);
        }
    }

    /// <summary>Places orders at a steady rate, or as fast as it goes with a rate of 0.</summary>
    /// <param name="rate">Orders a second.</param>
    public Task WriteAsync(int count, double rate, int concurrency, CancellationToken cancellationToken)
    {
        var start = time.GetUtcNow();
        return Parallel.ForEachAsync(
            Enumerable.Range(1, count),
            new ParallelOptions { MaxDegreeOfParallelism = concurrency, CancellationToken = cancellationToken },
            async (number, token) =>
            {
                if (rate > 0 && start + TimeSpan.FromSeconds(number / rate) - time.GetUtcNow() is { Ticks: > 0 } early)
                {
                    await Task.Delay(early, time, token);
                }

                await PlaceAsync(number, token);
            });
    }

    private async Task PlaceAsync(int number, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var order = new Order(
            $"order-{number}", Guid.CreateVersion7(now).ToString(), Customers[number % Customers.Length], 100 + (number * 37 % 10_000), now);
        try
        {
            await dynamoDb.TransactWriteItemsAsync(
                new TransactWriteItemsRequest
                {
                    TransactItems = [Insert(OrdersTable, BusinessRow(order)), Insert(outboxTable, OutboxRow(order))],
                    ClientRequestToken = order.EventId,
                },
                cancellationToken);
            written.Add(order);
        }
        catch (AmazonDynamoDBException)
        {
            Interlocked.Increment(ref failed);
        }
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

    private static Dictionary<string, AttributeValue> OutboxRow(Order order) => new()
    {
        ["eventId"] = new AttributeValue(order.EventId),
        ["subject"] = new AttributeValue(Subject),
        ["payload"] = new AttributeValue(
            JsonSerializer.Serialize(new { orderId = order.OrderId, customer = order.Customer, totalCents = order.TotalCents })),
        ["status"] = new AttributeValue("pending"),
    };

    private static AttributeValue Number(long value) => new() { N = value.ToString(CultureInfo.InvariantCulture) };
}
