using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Testing;

namespace Relaybox.MongoDouble.Tests.Serving;

/// <summary>A test of what a MongoDB server does, through the driver. It runs against a real server as well.</summary>
public abstract class ServerTest
{
    protected ServerTest(MongoDbServer server)
    {
        Server = server;
        Database = server.CreateDatabase();
        Documents = Database.GetCollection<BsonDocument>("documents");
    }

    protected static FilterDefinition<BsonDocument> All => FilterDefinition<BsonDocument>.Empty;

    protected MongoDbServer Server { get; }

    protected IMongoDatabase Database { get; }

    protected IMongoCollection<BsonDocument> Documents { get; }

    protected static BsonDocument Parse(string json) => BsonDocument.Parse(json);

    protected static FilterDefinition<BsonDocument> Id(BsonValue id) => new BsonDocument("_id", id);

    protected async Task<BsonDocument> RunAsync(string command) => await Database.RunCommandAsync<BsonDocument>(Parse(command));

    protected Task<BsonDocument> AdminAsync(BsonDocument command) => Server.Client.GetDatabase("admin").RunCommandAsync<BsonDocument>(command);

    /// <summary>The error that a command is answered with.</summary>
    protected static async Task<MongoCommandException> RefusedAsync(Func<Task> command) => await Assert.ThrowsAsync<MongoCommandException>(command);

    protected async Task<BsonDocument?> ReadAsync(BsonValue id) => await Documents.Find(Id(id)).FirstOrDefaultAsync();
}
