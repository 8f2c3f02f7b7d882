using MongoDB.Bson;
using MongoDB.Driver;

namespace Relaybox.Benchmarks.Stores.MongoDb;

/// <summary>The writes of the relay by the driver alone: find rows that are due, take them by their ids, mark them by the token.</summary>
internal static class MongoBareCommands
{
    private static readonly BsonDocument Due = new()
    {
        { "status", "pending" }, { "$expr", new BsonDocument("$lte", new BsonArray { "$availableAt", "$$NOW" }) },
    };

    private static readonly BsonDocument Order = new() { { "availableAt", 1 }, { "_id", 1 } };
    private static readonly BsonDocument Read = new() { { "subject", 1 }, { "payload", 1 }, { "headers", 1 } };

    // The server's first answer has 101 documents otherwise, and the rest costs a command more.
    private static readonly FindOptions Whole = new() { BatchSize = 1_000_000 };

    private static readonly BsonDocument Sent = new()
    {
        { "$set", new BsonDocument { { "status", "sent" }, { "unfinished", 0 } } },
        { "$currentDate", new BsonDocument("sentAt", true) },
        { "$unset", new BsonDocument { { "claimedAt", "" }, { "leaseUntil", "" } } },
    };

    /// <summary>Claims rows, in two commands.</summary>
    public static async Task<List<BsonDocument>> ClaimAsync(
        IMongoCollection<BsonDocument> rows, int limit, string token, CancellationToken cancellationToken)
    {
        var found = await rows.Find(Due, Whole).Sort(Order).Limit(limit).Project<BsonDocument>(Read).ToListAsync(cancellationToken);
        if (found.Count > 0)
        {
            await rows.UpdateManyAsync(
                new BsonDocument { { "_id", In(found) }, { "status", "pending" } }, Claim(token), cancellationToken: cancellationToken);
        }

        return found;
    }

    /// <summary>Marks claimed rows as sent, in one command.</summary>
    public static async Task<long> MarkAsync(
        IMongoCollection<BsonDocument> rows, List<BsonDocument> claimed, string token, CancellationToken cancellationToken)
    {
        var result = await rows.UpdateManyAsync(
            new BsonDocument { { "_id", In(claimed) }, { "claimToken", token }, { "status", "publishing" } },
            Sent,
            cancellationToken: cancellationToken);
        return result.ModifiedCount;
    }

    private static BsonDocument In(List<BsonDocument> rows) => new("$in", new BsonArray(rows.Select(row => row["_id"])));

    private static PipelineUpdateDefinition<BsonDocument> Claim(string token) => new(new[]
    {
        new BsonDocument("$set", new BsonDocument
        {
            { "status", "publishing" },
            { "claimToken", token },
            { "claimedAt", "$$NOW" },
            { "leaseUntil", new BsonDocument("$add", new BsonArray { "$$NOW", 120_000L }) },
            { "unfinished", 1 },
        }),
    });
}
