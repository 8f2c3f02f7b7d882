using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Local.Demo;

namespace Relaybox.Local.Stores.MongoDb;

/// <summary>The app on MongoDB, with a collection of its own in the outbox's database.</summary>
internal sealed class MongoDbDemoApp : IDemoApp
{
    private const string TransientTransaction = "TransientTransactionError";
    private const int MaxTries = 10;

    private readonly MongoClient _client;
    private readonly IMongoCollection<BsonDocument> _orders;
    private readonly IMongoCollection<BsonDocument> _outbox;
    private readonly IMongoCollection<BsonDocument> _keys;
    private readonly IMongoCollection<BsonDocument> _effects;

    public MongoDbDemoApp(MongoUrl url, string outbox, string effects)
    {
        var settings = MongoClientSettings.FromUrl(url);
        settings.ServerSelectionTimeout = TimeSpan.FromSeconds(5);
        _client = new MongoClient(settings);
        var database = _client.GetDatabase(url.DatabaseName).WithWriteConcern(WriteConcern.WMajority);
        _orders = database.GetCollection<BsonDocument>("orders");
        _outbox = database.GetCollection<BsonDocument>(outbox);
        _keys = database.GetCollection<BsonDocument>($"{outbox}_keys");
        _effects = database.GetCollection<BsonDocument>(effects);
    }

    public Task PrepareAsync(CancellationToken cancellationToken) =>
        _orders.Database.CreateCollectionAsync(_orders.CollectionNamespace.CollectionName, cancellationToken: cancellationToken);

    public async Task<bool> PlaceAsync(Order order, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await PlaceOnceAsync(order, cancellationToken);
                return true;
            }
            catch (MongoException exception) when (attempt < MaxTries && exception.HasErrorLabel(TransientTransaction))
            {
                // Another transaction was quicker, as with two orders of one key: the whole one is run again.
            }
            catch (Exception exception) when (exception is MongoException or TimeoutException)
            {
                return false;
            }
        }
    }

    public async Task<int> CountSentAsync(CancellationToken cancellationToken) =>
        (int)await _outbox.CountDocumentsAsync(new BsonDocument("status", "sent"), cancellationToken: cancellationToken);

    public async Task<int> CountEffectsAsync(CancellationToken cancellationToken) =>
        (int)await _effects.CountDocumentsAsync(new BsonDocument(), cancellationToken: cancellationToken);

    public Task<IReadOnlyDictionary<string, DateTimeOffset>> ReadOrdersAsync(CancellationToken cancellationToken) =>
        ReadAsync(_orders, new BsonDocument(), "eventId", row => Time(row, "committedAt"), cancellationToken);

    public Task<IReadOnlyDictionary<string, string>> ReadOutboxAsync(CancellationToken cancellationToken) =>
        ReadAsync(_outbox, new BsonDocument(), "_id", row => row["status"].AsString, cancellationToken);

    public Task<IReadOnlyDictionary<string, Effect>> ReadEffectsAsync(CancellationToken cancellationToken) =>
        ReadAsync(_effects, new BsonDocument(), "_id", row => new Effect(row["applied"].ToInt32(), Time(row, "appliedAt")), cancellationToken);

    public async Task<IReadOnlyDictionary<string, (string Key, long Place)>?> ReadPlacesAsync(CancellationToken cancellationToken) => await ReadAsync(
        _outbox,
        new BsonDocument("orderNumber", new BsonDocument("$exists", true)),
        "_id",
        row => (row["orderingKey"].AsString, row["orderNumber"].ToInt64()),
        cancellationToken);

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }

    private static DateTimeOffset Time(BsonDocument row, string field) => new(row[field].ToUniversalTime(), TimeSpan.Zero);

    private static async Task<IReadOnlyDictionary<string, T>> ReadAsync<T>(
        IMongoCollection<BsonDocument> collection, BsonDocument filter, string key, Func<BsonDocument, T> read, CancellationToken cancellationToken)
    {
        var rows = await collection.Find(filter).Project<BsonDocument>(new BsonDocument("payload", 0)).ToListAsync(cancellationToken);
        return rows.ToDictionary(row => row[key].AsString, read);
    }

    private async Task PlaceOnceAsync(Order order, CancellationToken cancellationToken)
    {
        using var session = await _client.StartSessionAsync(cancellationToken: cancellationToken);
        session.StartTransaction();
        await _orders.InsertOneAsync(
            session,
            new BsonDocument
            {
                { "_id", order.OrderId }, { "customer", order.Customer }, { "totalCents", order.TotalCents },
                { "eventId", order.EventId }, { "committedAt", order.CommittedAt.UtcDateTime },
            },
            cancellationToken: cancellationToken);
        var row = new BsonDocument
        {
            { "_id", order.EventId }, { "subject", order.EventSubject }, { "payload", order.Payload }, { "status", "pending" },
        };
        if (order.OrderingKey is { } key)
        {
            // The counter of the key numbers its rows in the order of the commits.
            var counter = await _keys.FindOneAndUpdateAsync(
                session,
                new BsonDocument("_id", key),
                new BsonDocument { { "$inc", new BsonDocument("last", 1L) }, { "$currentDate", new BsonDocument("usedAt", true) } },
                new FindOneAndUpdateOptions<BsonDocument> { IsUpsert = true, ReturnDocument = ReturnDocument.After },
                cancellationToken);
            row["orderingKey"] = key;
            row["orderNumber"] = counter["last"];
        }

        await _outbox.InsertOneAsync(session, row, cancellationToken: cancellationToken);
        await session.CommitTransactionAsync(cancellationToken);
    }
}
