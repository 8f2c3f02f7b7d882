using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Inbox;
using Relaybox.MongoDb;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Inbox, outbox and effects in a database of their own.</summary>
internal sealed class MongoInboxHarness : InboxHarness
{
    private const string Effects = "effects";

    private readonly bool _enlists;

    private MongoInboxHarness(MongoTestDatabase database, bool enlists)
    {
        (_enlists, Database) = (enlists, database);
        Repository = CreateRepository();
        Outbox = new MongoOutboxRepository(database.Connect(), database.Options, TimeProvider.System, SystemEntropy.Instance);
    }

    public MongoTestDatabase Database { get; }

    public override IInboxRepository Repository { get; }

    public override IOutboxRepository Outbox { get; }

    // The server is on this machine, so that the two have one clock, to the millisecond.
    public override DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    /// <param name="server">The server.</param>
    /// <param name="enlists">Whether handlers enlist their writes, rather than execute them with the session.</param>
    /// <param name="database">The database; null: one of its own.</param>
    public static async Task<MongoInboxHarness> CreateAsync(MongoDbServer server, bool enlists, IMongoDatabase? database = null)
    {
        var created = await MongoTestDatabase.CreateAsync(server, database: database);
        await created.Database.CreateCollectionAsync(Effects);
        return new MongoInboxHarness(created, enlists);
    }

    public override IInboxRepository CreateRepository() => CreateRepository(null);

    public MongoInboxRepository CreateRepository(IMongoDatabase? database) =>
        new(Database.Connect(database), TimeProvider.System, SystemEntropy.Instance);

    public override Task PassAsync(TimeSpan time) => Database.PassAsync(time);

    public override Task WriteAsync(RawRecord record)
    {
        var document = new BsonDocument("_id", Id(record.Consumer, record.EventId));
        Add("status", record.Status);
        Add("deliveries", record.Deliveries ?? 0);
        Add("claimToken", record.Token);
        Add("receivedAt", record.ReceivedAt ?? Now);
        Add("leaseUntil", record.LeaseUntil);
        Add("processedAt", record.ProcessedAt);
        Add("failedAt", record.FailedAt);
        Add("errorMessage", record.ErrorMessage);
        return Database.InsertAsync(Database.Options.InboxCollection, document);

        void Add(string field, object? value)
        {
            if (value is not null)
            {
                document[field] = value is DateTimeOffset time ? new BsonDateTime(time.ToUnixTimeMilliseconds()) : BsonValue.Create(value);
            }
        }
    }

    public override Task DeleteAsync(string consumer, string eventId) =>
        Database.Raw(Database.Options.InboxCollection).DeleteOneAsync(new BsonDocument("_id", Id(consumer, eventId)));

    public override Task<IReadOnlyDictionary<string, string>?> ReadAsync(string consumer, string eventId) =>
        Database.ReadAsync(Database.Options.InboxCollection, Id(consumer, eventId));

    public override void EnlistEffect(IMessageTransaction transaction, string name) => Write(
        transaction,
        (collection, session, ct) => collection.UpdateOneAsync(
            session,
            new BsonDocument("_id", name),
            new BsonDocument("$inc", new BsonDocument("happened", 1)),
            new UpdateOptions { IsUpsert = true },
            ct));

    /// <summary>Two documents of one id: the server refuses the second, which ends the transaction.</summary>
    public override void EnlistImpossible(IMessageTransaction transaction, string name) => transaction.Enlist(
        (_, session, ct) => EffectsCollection.InsertManyAsync(
            session, [new BsonDocument("_id", name), new BsonDocument("_id", name)], cancellationToken: ct));

    public override async Task<int> EffectsAsync(string name) =>
        (await EffectsCollection.Find(new BsonDocument("_id", name)).FirstOrDefaultAsync())?["happened"].ToInt32() ?? 0;

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private IMongoCollection<BsonDocument> EffectsCollection => Database.Raw(Effects);

    private static BsonDocument Id(string consumer, string eventId) =>
        new() { { "consumer", consumer }, { "eventId", eventId }, { "replayId", "" } };

    private void Write(
        IMessageTransaction transaction, Func<IMongoCollection<BsonDocument>, IClientSessionHandle, CancellationToken, Task> write)
    {
        if (_enlists)
        {
            transaction.Enlist((_, session, ct) => write(EffectsCollection, session, ct));
        }
        else
        {
            WriteNowAsync().GetAwaiter().GetResult();
        }

        async Task WriteNowAsync() =>
            await write(EffectsCollection, await transaction.GetMongoSessionAsync(), TestContext.Current.CancellationToken);
    }
}
