using MongoDB.Bson;

namespace Relaybox.Benchmarks.Stores.MongoDb;

/// <summary>Sent rows of MongoDB. Which plan a command has is checked in <c>MongoOutboxPlanTests</c>.</summary>
internal sealed class MongoSentHistory(MongoBenchOutbox outbox) : ISentHistory
{
    /// <summary>What the ids of the history begin with; ids of new rows are hexadecimal.</summary>
    internal const string Prefix = "sent-";

    public BenchOutbox Outbox => outbox;

    public async Task AddAsync(long rows, CancellationToken cancellationToken)
    {
        await outbox.Collection.DeleteManyAsync(new BsonDocument("_id", new BsonDocument("$lt", Prefix)), cancellationToken);
        await outbox.AddAsync(rows, cancellationToken);
    }

    public Task<long?> CountScansAsync(CancellationToken cancellationToken) => Task.FromResult<long?>(null);
}
