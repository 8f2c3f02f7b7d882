using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Local.Stores.MongoDb;

namespace Relaybox.EndToEnd.Tests.Examples;

/// <summary>MongoDB and SQS: mongod where there is one, otherwise the development double.</summary>
internal sealed class MongoDbExampleStack : ExampleStack
{
    private readonly MongoClient _client;
    private readonly IMongoDatabase _database;

    private MongoDbExampleStack(Started started)
        : base(started)
    {
        var url = new MongoUrl(((MongoDbRun)Servers.Store).ConnectionString);
        _client = new MongoClient(url);
        _database = _client.GetDatabase(url.DatabaseName);
    }

    public static async Task<ExampleStack> StartAsync() => new MongoDbExampleStack(await StartAsync("mongodb", "sqs"));

    public override async Task<Effect?> FindEffectAsync(string eventId) =>
        await FindAsync(Environment["EFFECTS_TABLE"], eventId) is { } effect
            ? new Effect(
                effect["applied"].ToInt64(), effect["orderId"].AsString, new DateTimeOffset(effect["appliedAt"].ToUniversalTime(), TimeSpan.Zero))
            : null;

    public override async Task<bool> HasOrderAsync(string orderId) => await FindAsync("orders", orderId) is not null;

    public override Task<long> CountEventsAsync() => Collection(Environment["OUTBOX_TABLE"]).CountDocumentsAsync(new BsonDocument());

    /// <summary>Reads an outbox row.</summary>
    public async Task<BsonDocument> RowAsync(string eventId) =>
        await FindAsync(Environment["OUTBOX_TABLE"], eventId) ?? throw new InvalidOperationException($"There is no row {eventId}.");

    public override ValueTask DisposeAsync()
    {
        _client.Dispose();
        return base.DisposeAsync();
    }

    private async Task<BsonDocument?> FindAsync(string collection, string id) =>
        await Collection(collection).Find(new BsonDocument("_id", id)).FirstOrDefaultAsync();

    private IMongoCollection<BsonDocument> Collection(string name) => _database.GetCollection<BsonDocument>(name);
}
