using MongoDB.Bson;
using MongoDB.Driver;

namespace Relaybox.MongoDb;

/// <summary>Keeps the counters of the ordering keys: not behind their rows, and not for ever.</summary>
internal static class OutboxCounters
{
    private const int KeysPerCommand = 1_000;

    /// <summary>Deletes counters that gave no number for so long and whose keys have no rows: such a key begins again with 1.</summary>
    /// <returns>How many counters were looked at.</returns>
    internal static async Task<int> DeleteUnusedAsync(
        MongoCollections database, TimeSpan unusedFor, int limit, CancellationToken cancellationToken)
    {
        var old = new BsonDocument("$expr", new BsonDocument("$lt", new BsonArray { $"${Fields.UsedAt}", Expressions.Before(unusedFor) }));
        var counters = await database.Keys.Find(old).Sort(new BsonDocument(Fields.UsedAt, 1)).Limit(limit)
            .Project<BsonDocument>(new BsonDocument(Fields.Id, 1)).ReadAsync(cancellationToken);
        var ids = counters.Where(counter => counter[Fields.Id].IsString).Select(counter => counter[Fields.Id].AsString).ToList();
        if (ids.Count == 0)
        {
            return 0;
        }

        // In one transaction: a writer that takes a number at this moment has the counter, and one of the two begins again.
        using var session = await database.Client.StartSessionAsync(cancellationToken: cancellationToken);
        session.StartTransaction(MongoCollections.Transactions);
        try
        {
            var used = await database.Outbox.Aggregate(session)
                .Match(new BsonDocument(Fields.OrderingKey, Expressions.IsIn(ids)))
                .Group<BsonDocument>(new BsonDocument(Fields.Id, $"${Fields.OrderingKey}")).ToListAsync(cancellationToken);
            var inUse = used.Select(key => key[Fields.Id].AsString).ToHashSet(StringComparer.Ordinal);
            await database.Keys.DeleteManyAsync(
                session, new BsonDocument(Fields.Id, Expressions.IsIn(ids.Where(id => !inUse.Contains(id)))),
                cancellationToken: cancellationToken);

            // Those in use are looked at again after as long.
            await database.Keys.UpdateManyAsync(
                session, new BsonDocument(Fields.Id, Expressions.IsIn(inUse)),
                new BsonDocument("$currentDate", new BsonDocument(Fields.UsedAt, true)),
                cancellationToken: cancellationToken);
            await session.CommitTransactionAsync(cancellationToken);
            return counters.Count;
        }
        catch (MongoException e) when (MongoFaults.IsTransient(e))
        {
            // A key is in use at this moment. The next cleanup looks again.
            return 0;
        }
    }

    /// <summary>Puts counters right that are behind the rows of their keys.</summary>
    /// <returns>How many there were.</returns>
    internal static async Task<int> CatchUpAsync(MongoCollections database, CancellationToken cancellationToken)
    {
        var corrected = 0L;
        using var lasts = await database.Outbox.Aggregate(new AggregateOptions { AllowDiskUse = true })
            .Match(new BsonDocument
            {
                { Fields.OrderingKey, new BsonDocument("$type", "string") }, { Fields.OrderNumber, new BsonDocument("$gte", 1) },
            })
            .Group<BsonDocument>(new BsonDocument
            {
                { Fields.Id, $"${Fields.OrderingKey}" }, { Fields.Last, new BsonDocument("$max", $"${Fields.OrderNumber}") },
            })
            .ToCursorAsync(cancellationToken);
        while (await lasts.MoveNextAsync(cancellationToken))
        {
            foreach (var some in lasts.Current.Chunk(KeysPerCommand))
            {
                var result = await database.Keys.BulkWriteAsync(
                    [
                        .. some.Select(key => new UpdateOneModel<BsonDocument>(
                            new BsonDocument(Fields.Id, key[Fields.Id]),
                            new BsonDocument
                            {
                                { "$max", new BsonDocument(Fields.Last, key[Fields.Last].ToInt64()) },
                            })
                        {
                            IsUpsert = true,
                        }),
                    ],
                    new BulkWriteOptions { IsOrdered = false },
                    cancellationToken);
                corrected += result.ModifiedCount + result.Upserts.Count;
            }
        }

        return (int)Math.Min(corrected, int.MaxValue);
    }
}
