using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Local.Stores.MongoDb;
using Relaybox.Testing;

namespace Relaybox.MongoDouble.Tests.Serving;

/// <summary>A server that is no replica set.</summary>
public sealed class StandaloneTests : IAsyncLifetime
{
    private MongoDbServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await MongoDbServer.StartAsync(new MongoServerOptions { ReplicaSet = null });

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task It_has_no_transactions()
    {
        var app = _server.Client.GetDatabase("app");
        var error = await Assert.ThrowsAsync<MongoCommandException>(() => app.RunCommandAsync<BsonDocument>(new BsonDocument
        {
            { "insert", "documents" },
            { "documents", new BsonArray { new BsonDocument("_id", 1) } },
            { "lsid", new BsonDocument("id", new BsonBinaryData(Guid.NewGuid(), GuidRepresentation.Standard)) },
            { "txnNumber", 1L },
            { "autocommit", false },
            { "startTransaction", true },
        }));
        // The driver replaces the server's sentence by one of its own.
        Assert.Equal((20, "IllegalOperation"), (error.Code, error.CodeName));
    }

    [Fact]
    public async Task It_has_no_change_streams()
    {
        var documents = _server.Client.GetDatabase("app").GetCollection<BsonDocument>("documents");
        var error = await Assert.ThrowsAsync<MongoCommandException>(() => documents.WatchAsync());
        Assert.Equal(40573, error.Code);
    }

    [Fact]
    public async Task It_reads_and_writes()
    {
        var documents = _server.Client.GetDatabase("app").GetCollection<BsonDocument>("documents");
        await documents.InsertOneAsync(new BsonDocument("_id", 1));
        Assert.Single(await documents.Find("{}").ToListAsync());
        var hello = await _server.Client.GetDatabase("admin").RunCommandAsync<BsonDocument>(new BsonDocument("hello", 1));
        Assert.False(hello.Contains("setName"));
    }
}
