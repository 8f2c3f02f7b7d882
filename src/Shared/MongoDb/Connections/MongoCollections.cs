using MongoDB.Bson;
using MongoDB.Driver;

namespace Relaybox.MongoDb;

/// <summary>The collections, through one client.</summary>
/// <param name="database">The database.</param>
/// <param name="options">The names.</param>
internal sealed class MongoCollections(IMongoDatabase database, MongoOptions options)
{
    // What the relay reads it publishes: it must not be rolled back by a failover. What it writes must not be, either.
    private readonly IMongoDatabase _durable = database
        .WithReadConcern(ReadConcern.Majority).WithReadPreference(ReadPreference.Primary).WithWriteConcern(WriteConcern.WMajority);

    /// <summary>The transactions of the store: all reads of one moment, and the commit on a majority of the members.</summary>
    internal static TransactionOptions Transactions { get; } =
        new(ReadConcern.Snapshot, ReadPreference.Primary, WriteConcern.WMajority, maxCommitTime: TimeSpan.FromSeconds(10));

    internal MongoOptions Options => options;

    internal IMongoClient Client => _durable.Client;

    internal IMongoDatabase Database => _durable;

    internal IMongoCollection<BsonDocument> Outbox => Collection(options.OutboxCollection);

    internal IMongoCollection<BsonDocument> Keys => Collection(options.KeysCollection);

    internal IMongoCollection<BsonDocument> Inbox => Collection(options.InboxCollection);

    internal IMongoCollection<BsonDocument> Leases => Collection(options.LeasesCollection);

    internal IMongoCollection<BsonDocument> Jobs => Collection(options.JobsCollection);

    internal IMongoCollection<BsonDocument> Schema => Collection(options.SchemaCollection);

    /// <summary>The server's time.</summary>
    internal async Task<DateTimeOffset> ReadTimeAsync(CancellationToken cancellationToken)
    {
        var answer = await _durable.RunCommandAsync<BsonDocument>(new BsonDocument("hello", 1), ReadPreference.Primary, cancellationToken);
        return new DateTimeOffset(answer["localTime"].ToUniversalTime());
    }

    private IMongoCollection<BsonDocument> Collection(string name) => _durable.GetCollection<BsonDocument>(name);
}
