using MongoDB.Bson;
using MongoDB.Driver;

namespace Relaybox.Benchmarks.Stores.MongoDb;

/// <summary>
/// The loop that outboxes are often written as: find 100 pending rows, mark them as publishing one by one, publish, mark them as sent
/// one by one; an index on status over all rows.
/// </summary>
internal sealed class MongoNaiveLoop(IMongoDatabase database) : IDrainLoop
{
    private const string Collection = "nats_outbox_events";
    private const int Limit = 100;
    private const int RowsOfAnInsert = 1_000;

    private readonly IMongoCollection<BsonDocument> _rows = database.GetCollection<BsonDocument>(Collection);

    public async Task FillAsync(long rows, CancellationToken cancellationToken)
    {
        await database.DropCollectionAsync(Collection, cancellationToken);
        await _rows.Indexes.CreateManyAsync(
            [
                new CreateIndexModel<BsonDocument>(new BsonDocument { { "status", 1 }, { "enqueuedAt", 1 } }),
                new CreateIndexModel<BsonDocument>(new BsonDocument("sentAt", 1)),
            ],
            cancellationToken);
        foreach (var chunk in Enumerable.Range(0, (int)rows).Chunk(RowsOfAnInsert))
        {
            await _rows.InsertManyAsync(chunk.Select(_ => NewRow()), cancellationToken: cancellationToken);
        }
    }

    public async Task DrainAsync(long rows, CancellationToken cancellationToken)
    {
        long sent = 0;
        while (true)
        {
            var found = await _rows.Find(new BsonDocument("status", "pending")).Sort(new BsonDocument("enqueuedAt", 1)).Limit(Limit)
                .ToListAsync(cancellationToken);
            if (found.Count == 0)
            {
                break;
            }

            foreach (var row in found)
            {
                await MarkAsync(row["_id"], new BsonDocument("status", "publishing"), "updatedAt", cancellationToken);
                await MarkAsync(row["_id"], new BsonDocument("status", "sent"), "sentAt", cancellationToken);
                sent++;
            }
        }

        if (sent != rows)
        {
            throw new InvalidOperationException($"naive: {sent} of {rows} rows were sent.");
        }
    }

    private static BsonDocument NewRow() => new()
    {
        { "_id", $"{Guid.NewGuid()}" }, { "subject", "orders.placed" }, { "payload", BenchPayload.Text }, { "status", "pending" },
        { "enqueuedAt", TimeProvider.System.GetUtcNow().UtcDateTime },
    };

    private Task MarkAsync(BsonValue id, BsonDocument set, string time, CancellationToken cancellationToken) => _rows.UpdateOneAsync(
        new BsonDocument("_id", id),
        new BsonDocument { { "$set", set }, { "$currentDate", new BsonDocument(time, true) } },
        cancellationToken: cancellationToken);
}
