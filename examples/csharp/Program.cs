// Places an order and writes its event, in one transaction. Prints the event's id.
//
//   source .relaybox/env
//   dotnet run --project examples/csharp -- [ORDER_ID [EVENT_ID]]
using PlaceOrder;

// Who must be able to repeat the transaction takes the same event id again.
var order = new Order(args.Length > 0 ? args[0] : Guid.CreateVersion7().ToString(), "Leslie", 4200);
var eventId = args.Length > 1 ? args[1] : Guid.CreateVersion7().ToString();

IOrders orders = Environment.GetEnvironmentVariable("STORE") switch
{
    "dynamodb" => new DynamoDbOrders(),
    "postgres" => new PostgresOrders(),
    "mysql" => new MySqlOrders(),
    "mongodb" => new MongoOrders(),
    "redis" => new RedisOrders(),
    _ => throw new InvalidOperationException("STORE is not set. Run: source .relaybox/env"),
};
await using (orders)
{
    await orders.PlaceAsync(order, eventId);
}

Console.WriteLine(eventId);
