using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Inbox;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Tests of an inbox of its own, whose effects are counted in a collection.</summary>
/// <param name="server">The server.</param>
public abstract class MongoInboxTest(MongoDbServer server) : InboxClaims, IAsyncLifetime
{
    protected MongoDbServer Server => server;

    private protected MongoInboxHarness Store { get; private set; } = null!;

    protected IMongoCollection<BsonDocument> Effects => Store.Database.Raw("effects");

    public async ValueTask InitializeAsync() => Store = await MongoInboxHarness.CreateAsync(server, enlists: false);

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Store.DisposeAsync();
    }

    protected Task AddAsync(IClientSessionHandle session, string name) => Effects.UpdateOneAsync(
        session, new BsonDocument("_id", name), new BsonDocument("$inc", new BsonDocument("happened", 1)), new UpdateOptions { IsUpsert = true }, Ct);

    protected async Task<IReadOnlyList<(string Key, long Number, string Id)>> NumbersAsync() =>
        [
            .. (await Store.Database.Raw("outbox").Find(new BsonDocument("orderingKey", new BsonDocument("$type", "string"))).ToListAsync(Ct))
                .Select(row => (row["orderingKey"].AsString, row["orderNumber"].ToInt64(), row["_id"].AsString)).Order(),
        ];

    private protected Task<InboxClaim.Claimed> ClaimAsync(string eventId = "e-1") => ClaimAsync(Store.Repository, eventId);
}
