using MongoDB.Driver;
using Relaybox.Inbox;
using Relaybox.MongoDb;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Conformance;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Users of one database who have each one role of least privilege and nothing else.</summary>
internal sealed class MongoUsers : IAsyncDisposable
{
    /// <summary>The database as the user who has the relay's role.</summary>
    public required IMongoDatabase Relay { get; init; }

    public required IMongoDatabase Cleaner { get; init; }

    public required IMongoDatabase Consumer { get; init; }

    public required IMongoDatabase App { get; init; }

    /// <param name="server">The server.</param>
    /// <param name="database">The database, set up.</param>
    /// <param name="effects">The collection that handlers may write; null: none.</param>
    public static async Task<MongoUsers> CreateAsync(MongoGuardedServer server, MongoTestDatabase database, string? effects = null)
    {
        var roles = new MongoRoles { Prefix = "relaybox" };
        await database.SetUpAsync(roles, effects);
        return new MongoUsers
        {
            Relay = await server.ConnectAsAsync(database.Database, roles, "relay"),
            Cleaner = await server.ConnectAsAsync(database.Database, roles, "cleaner"),
            Consumer = await server.ConnectAsAsync(database.Database, roles, "consumer"),
            App = await server.ConnectAsAsync(database.Database, roles, "app"),
        };
    }

    /// <summary>An empty outbox, each of whose operations is done by the user whose work it is; rows are written by the owner.</summary>
    public static async Task<OutboxHarness> CreateOutboxAsync(MongoGuardedServer server, AfterSending afterSending)
    {
        var owner = await MongoOutboxHarness.CreateAsync(
            server.Server, new MongoOptions { AfterSending = afterSending }, server.CreateDatabase());
        var users = await CreateAsync(server, owner.Database);
        return new OutboxThrough(
            owner,
            () => new OutboxOfRoles<MongoOutboxRepository>(
                owner.Repository, owner.CreateRepository(users.Relay), owner.CreateRepository(users.Cleaner)),
            users);
    }

    /// <summary>An inbox each of whose operations is done by the user whose work it is.</summary>
    public IInboxRepository CreateInbox(MongoInboxHarness owner) =>
        new InboxOfRoles(owner.CreateRepository(Consumer), owner.CreateRepository(Cleaner));

    // The clients are the server's, which closes them.
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
