using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.MongoDb;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>
/// A database of its own, set up, whose time a test can move. The server's clock cannot be moved: when time passes, all that is stored
/// becomes older instead.
/// </summary>
public sealed class MongoTestDatabase
{
    // When an event was written decides nothing, and stays.
    private static readonly string[] Times =
    [
        "availableAt", "claimedAt", "leaseUntil", "sentAt", "failedAt", "skippedAt", "shelvedAt", "receivedAt", "processedAt", "usedAt",
    ];

    private TimeSpan _passed;

    private MongoTestDatabase(MongoDbServer server, MongoOptions options, IMongoDatabase database)
    {
        Server = server;
        Options = options;
        Database = database;
    }

    public MongoDbServer Server { get; }

    public MongoOptions Options { get; }

    public IMongoDatabase Database { get; }

    public static async Task<MongoTestDatabase> CreateAsync(MongoDbServer server, MongoOptions? options = null, IMongoDatabase? database = null)
    {
        var created = CreateEmpty(server, options, database);
        await created.SetUpAsync();
        return created;
    }

    /// <summary>A database in which Setup has not run.</summary>
    public static MongoTestDatabase CreateEmpty(MongoDbServer server, MongoOptions? options = null, IMongoDatabase? database = null) =>
        new(server, options ?? new MongoOptions(), database ?? server.CreateDatabase());

    internal MongoConnections Connect(IMongoDatabase? database = null) => new(database ?? Database, Options);

    internal Task<int> SetUpAsync(MongoRoles? roles = null, string? effects = null, ILogger<MongoSetup>? logger = null) =>
        new MongoSetup(Connect(), new MongoSetupOptions(roles, effects), logger ?? NullLogger<MongoSetup>.Instance).RunAsync(CancellationToken.None);

    /// <summary>A collection, read and written as it is, past the validators.</summary>
    public IMongoCollection<BsonDocument> Raw(string name) => Database.GetCollection<BsonDocument>(name);

    /// <summary>Inserts a document past the validators.</summary>
    public Task InsertAsync(string collection, BsonDocument document) =>
        Raw(collection).InsertOneAsync(document, new InsertOneOptions { BypassDocumentValidation = true });

    /// <summary>Lets time pass, for everything in the database.</summary>
    public async Task PassAsync(TimeSpan time)
    {
        _passed += time;
        var older = new BsonDocument(Times.Select(field => new BsonElement(field, new BsonDocument("$cond", new BsonArray
        {
            new BsonDocument("$eq", new BsonArray { new BsonDocument("$type", $"${field}"), "date" }),
            new BsonDocument("$subtract", new BsonArray { $"${field}", (long)time.TotalMilliseconds }),
            $"${field}",
        }))));
        foreach (var name in Options.Collections)
        {
            await Database.GetCollection<BsonDocument>(name).UpdateManyAsync(
                new BsonDocument(),
                new PipelineUpdateDefinition<BsonDocument>(new[] { new BsonDocument("$set", older) }),
                new UpdateOptions { BypassDocumentValidation = true });
        }
    }

    /// <summary>Everything that a document holds, as text; null where it does not exist. The time that has passed changes nothing of it.</summary>
    public async Task<IReadOnlyDictionary<string, string>?> ReadAsync(string collection, BsonValue id)
    {
        var document = await Raw(collection).Find(new BsonDocument("_id", id)).FirstOrDefaultAsync();
        return document?.ToDictionary(element => element.Name, element => Text(element.Name, element.Value));
    }

    private string Text(string field, BsonValue value) => value is BsonDateTime time && Times.Contains(field)
        ? (DateTimeOffset.FromUnixTimeMilliseconds(time.MillisecondsSinceEpoch) + _passed).ToString("O", CultureInfo.InvariantCulture)
        : value.ToString()!;
}
