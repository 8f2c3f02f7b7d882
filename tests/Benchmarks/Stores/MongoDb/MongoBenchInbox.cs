using Microsoft.Extensions.Logging.Abstractions;
using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Inbox;
using Relaybox.MongoDb;
using Relaybox.Timing;

namespace Relaybox.Benchmarks.Stores.MongoDb;

/// <summary>An inbox in a database of its own.</summary>
internal sealed class MongoBenchInbox(IMongoDatabase database, MongoOptions options) : IBenchInbox
{
    private static readonly BsonDocument Processed = new()
    {
        { "$set", new BsonDocument("status", "processed") },
        { "$currentDate", new BsonDocument("processedAt", true) },
        { "$unset", new BsonDocument("leaseUntil", "") },
    };

    private readonly IMongoCollection<BsonDocument> _records = database.GetCollection<BsonDocument>(options.InboxCollection);

    public IInboxRepository Repository { get; } =
        new MongoInboxRepository(new MongoConnections(database, options), TimeProvider.System, SystemEntropy.Instance);

    public async Task EmptyAsync(CancellationToken cancellationToken)
    {
        await database.DropCollectionAsync(options.InboxCollection, cancellationToken);
        await new MongoSetup(new MongoConnections(database, options), new MongoSetupOptions(null, null), NullLogger<MongoSetup>.Instance)
            .RunAsync(cancellationToken);
    }

    public async Task HandleBareAsync(IReadOnlyList<InboxMessage[]> batches, CancellationToken cancellationToken)
    {
        foreach (var batch in batches)
        {
            var token = Guid.NewGuid().ToString("N");
            var ids = batch.Select(message => IdOf(message.Event.EventId)).ToList();
            var claims = batch.Select((message, i) => new UpdateOneModel<BsonDocument>(
                new BsonDocument { { "_id", ids[i] }, { "status", "failed" } }, Claim(message, token)) { IsUpsert = true });
            await _records.BulkWriteAsync(claims, new BulkWriteOptions { IsOrdered = false }, cancellationToken);

            var marked = await _records.UpdateManyAsync(
                new BsonDocument { { "_id", new BsonDocument("$in", new BsonArray(ids)) }, { "claimToken", token }, { "status", "processing" } },
                Processed,
                cancellationToken: cancellationToken);
            if (marked.ModifiedCount != batch.Length)
            {
                throw new InvalidOperationException($"bare loop: {marked.ModifiedCount} of {batch.Length} messages were claimed and marked.");
            }
        }
    }

    private static BsonDocument IdOf(string eventId) => new() { { "consumer", "bench" }, { "eventId", eventId }, { "replayId", "" } };

    private static PipelineUpdateDefinition<BsonDocument> Claim(InboxMessage message, string token) => new(new[]
    {
        new BsonDocument("$set", new BsonDocument
        {
            { "status", "processing" },
            { "deliveries", 1 },
            { "unfinished", 1 },
            { "begunToken", token },
            { "subject", message.Event.Subject },
            { "payloadHash", new BsonBinaryData(message.PayloadHash.ToArray()) },
            { "claimToken", token },
            { "receivedAt", "$$NOW" },
            { "claimedAt", "$$NOW" },
            { "leaseUntil", new BsonDocument("$add", new BsonArray { "$$NOW", 60_000L }) },
        }),
    });
}
