using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Operations;
using Relaybox.Outbox;

namespace Relaybox.MongoDb;

/// <summary>Whether Setup has made the collections for this build, and whether indexes or counters were lost since.</summary>
internal sealed class MongoSchemaCheck(MongoConnections connections) : IDoctorCheck
{
    private const string Setup = $"{Doctor.InvokeSetup}.";

    // So many rows with keys are looked at.
    private const int Sample = 500;

    /// <inheritdoc />
    public string Name => "schema";

    /// <inheritdoc />
    public string Passed => "The collections are those of this build, with their indexes.";

    /// <inheritdoc />
    public Task<IReadOnlyList<Finding>> FindAsync(CancellationToken cancellationToken) =>
        connections.UseUncheckedAsync<IReadOnlyList<Finding>>(FindAsync, cancellationToken);

    private static async Task<IReadOnlyList<Finding>> FindAsync(MongoCollections database, CancellationToken cancellationToken)
    {
        try
        {
            await MongoSetup.CheckServerAsync(database, cancellationToken);
        }
        catch (MongoSchemaException e)
        {
            return [Finding.Problem("schema.server", e.Message)];
        }

        try
        {
            await MongoSchema.RequireAsync(database, cancellationToken);
        }
        catch (MongoSchemaException e)
        {
            return
            [
                Finding.Problem(
                    e.IsMissing ? "schema.missing" : "schema.other", e.Message,
                    e.IsMissing ? $"{Setup} Or correct DATABASE_NAME, or OUTBOX_TABLE." : null),
            ];
        }

        return
        [
            .. await JudgeIndexesAsync(database.Outbox, MongoIndexes.Outbox, cancellationToken),
            .. await JudgeIndexesAsync(database.Keys, MongoIndexes.Keys, cancellationToken),
            .. await JudgeIndexesAsync(database.Inbox, MongoIndexes.Inbox, cancellationToken),
            .. await JudgeIndexesAsync(database.Leases, MongoIndexes.Leases, cancellationToken),
            .. await JudgeCountersAsync(database, cancellationToken),
        ];
    }

    private static async Task<IEnumerable<Finding>> JudgeIndexesAsync(
        IMongoCollection<BsonDocument> collection, IReadOnlyList<CreateIndexModel<BsonDocument>> wanted, CancellationToken cancellationToken)
    {
        var name = collection.CollectionNamespace.CollectionName;
        List<BsonDocument> indexes;
        try
        {
            indexes = await (await collection.Indexes.ListAsync(cancellationToken)).ToListAsync(cancellationToken);
        }
        catch (MongoCommandException e) when (e.Code == MongoFaults.Unauthorized)
        {
            return
            [
                Finding.Unknown(
                    "schema.indexes-unseen",
                    $"The user may not look at the indexes of '{name}' (listIndexes).",
                    $"{Setup} It grants that to the cleaner."),
            ];
        }

        var there = indexes.Select(index => index["name"].AsString).ToHashSet(StringComparer.Ordinal);
        return wanted.Select(index => index.Options.Name!).Where(index => !there.Contains(index)).Select(index => Finding.Problem(
            "schema.index-missing",
            $"The index '{index}' of '{name}' is missing: relay and jobs read whole collections instead, and an order is not guarded.",
            $"{Setup} It makes the index."));
    }

    private static async Task<IEnumerable<Finding>> JudgeCountersAsync(MongoCollections database, CancellationToken cancellationToken)
    {
        var keyed = new BsonDocument
        {
            { Fields.Status, OutboxStatusText.Pending }, { Fields.OrderingKey, new BsonDocument("$type", "string") },
            { Fields.OrderNumber, new BsonDocument("$gte", 1) },
        };
        var rows = await database.Outbox.Find(keyed).Limit(Sample)
            .Project<BsonDocument>(new BsonDocument { { Fields.OrderingKey, 1 }, { Fields.OrderNumber, 1 } }).ToListAsync(cancellationToken);
        var highest = rows.GroupBy(row => row[Fields.OrderingKey].AsString, StringComparer.Ordinal)
            .ToDictionary(key => key.Key, key => key.Max(row => row[Fields.OrderNumber].ToInt64()), StringComparer.Ordinal);
        var counters = highest.Count == 0
            ? []
            : await database.Keys.Find(new BsonDocument(Fields.Id, Expressions.IsIn(highest.Keys))).ToListAsync(cancellationToken);
        var last = counters.ToDictionary(
            counter => counter[Fields.Id].AsString, counter => counter.GetValue(Fields.Last, 0).ToInt64(), StringComparer.Ordinal);
        return highest.Any(key => last.GetValueOrDefault(key.Key) < key.Value)
            ?
            [
                Finding.Problem(
                    "schema.sequence-behind",
                    $"Counters of ordering keys, in '{database.Options.KeysCollection}', are behind the rows, as after a restore: "
                    + "writers of these keys fail.",
                    $"{Setup} It sets them forward."),
            ]
            : [];
    }
}
