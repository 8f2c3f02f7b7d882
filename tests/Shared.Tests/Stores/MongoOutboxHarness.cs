using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.MongoDb;
using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>An outbox of its own in a database of its own.</summary>
internal sealed class MongoOutboxHarness : OutboxHarness
{
    private MongoOutboxHarness(MongoTestDatabase database)
    {
        Database = database;
        Repository = CreateRepository();
    }

    public MongoTestDatabase Database { get; }

    public override IOutboxRepository Repository { get; }

    public override IOutboxOperations Operations =>
        new MongoOutboxOperations(Database.Connect(null), TimeProvider.System, SystemEntropy.Instance);

    public override bool KeepsSentRows => Database.Options.AfterSending != AfterSending.Delete;

    // The server is on this machine, so that the two have one clock, to the millisecond.
    public override DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    public static async Task<MongoOutboxHarness> CreateAsync(MongoDbServer server, MongoOptions? options = null, IMongoDatabase? database = null) =>
        new(await MongoTestDatabase.CreateAsync(server, options, database));

    public override IOutboxRepository CreateRepository() => CreateRepository(null);

    public MongoOutboxRepository CreateRepository(IMongoDatabase? database) =>
        new(Database.Connect(database), Database.Options, TimeProvider.System, SystemEntropy.Instance);

    public override Task PassAsync(TimeSpan time) => Database.PassAsync(time);

    public override Task WriteAsync(RawRow row)
    {
        var isClaimed = row.Status == "publishing";
        var document = new BsonDocument("_id", row.EventId);
        Add("status", row.Status);
        Add("subject", row.Subject);
        Add("payload", row.Payload);
        Add("enqueuedAt", row.EnqueuedAt);
        Add("availableAt", isClaimed ? row.AvailableAt : row.DueAt ?? row.AvailableAt);
        Add("claimedAt", row.ClaimedAt);
        Add("claimToken", row.Token);
        Add("leaseUntil", isClaimed ? row.DueAt : null);
        Add("sentAt", row.SentAt);
        Add("failedAt", row.FailedAt);
        return WriteAsync(document);

        void Add(string field, object? value)
        {
            if (value is not null)
            {
                document[field] = value is DateTimeOffset time ? new BsonDateTime(time.ToUnixTimeMilliseconds()) : (BsonValue)(string)value;
            }
        }
    }

    public Task WriteAsync(BsonDocument document) => Database.InsertAsync(Database.Options.OutboxCollection, document);

    public override Task DeleteAsync(string eventId) =>
        Database.Raw(Database.Options.OutboxCollection).DeleteOneAsync(new BsonDocument("_id", eventId));

    public override Task<IReadOnlyDictionary<string, string>?> ReadAsync(string eventId) =>
        Database.ReadAsync(Database.Options.OutboxCollection, eventId);

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
