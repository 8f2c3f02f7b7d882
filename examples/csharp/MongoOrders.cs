using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.MongoDb;

namespace PlaceOrder;

/// <summary>Orders in MongoDB.</summary>
internal sealed class MongoOrders : IOrders
{
    private const string Collection = "orders";
    private const int NamespaceExists = 48;

    private readonly MongoClient _client;
    private readonly IMongoDatabase _database;

    private readonly MongoOptions _options = new() { OutboxCollection = Environment.GetEnvironmentVariable("OUTBOX_TABLE") ?? "outbox" };

    public MongoOrders()
    {
        var url = new MongoUrl(
            Environment.GetEnvironmentVariable("MONGODB_URI")
            ?? throw new InvalidOperationException("MONGODB_URI is not set. Run: source .relaybox/env"));
        _client = new MongoClient(url);
        _database = _client.GetDatabase(Environment.GetEnvironmentVariable("DATABASE_NAME") ?? url.DatabaseName);
    }

    /// <inheritdoc />
    public async Task PlaceAsync(Order order, string eventId, CancellationToken cancellationToken)
    {
        await CreateCollectionAsync(cancellationToken);

        // The operation may be executed again, where its transaction meets another.
        var writer = new MongoOutboxWriter(_database, _options);
        await writer.ExecuteWithOutboxAsync(
            async (session, token) =>
            {
                await _database.GetCollection<BsonDocument>(Collection).InsertOneAsync(
                    session,
                    new BsonDocument { { "_id", order.OrderId }, { "customer", order.Customer }, { "totalCents", order.TotalCents } },
                    cancellationToken: token);
                return order.OrderId;
            },
            writer.NewEvent(Order.Placed, order.ToJson()) with { EventId = eventId },
            cancellationToken: cancellationToken);
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }

    // The app's own collection.
    private async Task CreateCollectionAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _database.CreateCollectionAsync(Collection, cancellationToken: cancellationToken);
        }
        catch (MongoCommandException e) when (e.Code == NamespaceExists)
        {
            // It is there.
        }
    }
}
