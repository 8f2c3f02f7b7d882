using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Outbox;

namespace Relaybox.MongoDb;

/// <summary>
/// The order of the rows of a key. A row may be published once the row before it is sent, or parked and skipped. A row that cannot be
/// published yet gets the status <c>waiting</c>, which keeps it out of the index of due rows, and the row that it waits for is marked
/// as followed: whatever sends or skips that row makes the waiting ones due.
/// </summary>
internal static class OutboxOrder
{
    private const int MostEarlierRows = 1_000;

    /// <summary>Which rows hold back the later rows of their key: those that are neither sent, nor parked and skipped.</summary>
    private static BsonDocument Holds { get; } = new("$or", new BsonArray
    {
        new BsonDocument(Fields.Status, new BsonDocument("$nin", new BsonArray { OutboxStatusText.Sent, OutboxStatusText.Failed })),
        new BsonDocument { { Fields.Status, OutboxStatusText.Failed }, { Fields.SkippedAt, BsonNull.Value } },
    });

    /// <summary>Which rows hold nothing back any more, and never will again.</summary>
    private static BsonDocument IsPast { get; } = new("$or", new BsonArray
    {
        new BsonDocument(Fields.Status, OutboxStatusText.Sent),
        new BsonDocument { { Fields.Status, OutboxStatusText.Failed }, { Fields.SkippedAt, new BsonDocument("$ne", BsonNull.Value) } },
    });

    // A range rather than the mere existence: so it also bounds what is read of the index.
    private static BsonDocument IsFollowed { get; } = new(Fields.Followed, new BsonDocument("$gte", 1));

    /// <summary>Which keys cannot go on with these rows, because an earlier row holds them back.</summary>
    /// <param name="database">The collections.</param>
    /// <param name="heads">One row of each key.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>For each of these keys, the id of a row that holds it back.</returns>
    internal static async Task<Dictionary<string, string>> FindHeldAsync(
        MongoCollections database, IReadOnlyCollection<(string Key, long Number)> heads, CancellationToken cancellationToken)
    {
        var held = new Dictionary<string, string>(StringComparer.Ordinal);
        var open = heads.Where(head => head.Number > 1).ToDictionary(head => head.Key, head => head.Number, StringComparer.Ordinal);
        if (open.Count == 0)
        {
            return held;
        }

        // The numbers of a key have no gaps: nearly always the row before says all.
        var before = await database.Outbox
            .Find(new BsonDocument("$or", new BsonArray(open.Select(head => Place(head.Key, head.Value - 1)))))
            .Project<BsonDocument>(Places()).ReadAsync(cancellationToken);
        foreach (var row in before)
        {
            var key = row[Fields.OrderingKey].AsString;
            if (IsHolding(row))
            {
                held[key] = row[Fields.Id].AsString;
                open.Remove(key);
            }
            else if (row.Text(Fields.Status) == OutboxStatusText.Sent)
            {
                open.Remove(key);
            }
        }

        // The row before was deleted since, or skipped.
        if (open.Count > 0)
        {
            var earlier = await database.Outbox
                .Find(new BsonDocument("$and", new BsonArray
                {
                    new BsonDocument("$or", new BsonArray(open.Select(head => Place(head.Key, new BsonDocument("$lt", head.Value))))), Holds,
                }))
                .Limit(MostEarlierRows).Project<BsonDocument>(Places()).ReadAsync(cancellationToken);
            foreach (var row in earlier)
            {
                held.TryAdd(row[Fields.OrderingKey].AsString, row[Fields.Id].AsString);
            }

            // There may be more: then nothing is known of the others.
            if (earlier.Count == MostEarlierRows)
            {
                foreach (var key in open.Keys)
                {
                    held.TryAdd(key, earlier[0][Fields.Id].AsString);
                }
            }
        }

        return held;
    }

    /// <summary>Finds the first row of a key, before a place in it, that holds the key back.</summary>
    /// <returns>The row's id, or null.</returns>
    internal static async Task<string?> FindFirstHolderAsync(
        MongoCollections database, string key, long number, CancellationToken cancellationToken) =>
        (await database.Outbox
            .Find(new BsonDocument("$and", new BsonArray { Place(key, new BsonDocument("$lt", number)), Holds }))
            .Sort(new BsonDocument(Fields.OrderNumber, 1)).Limit(1).Project<BsonDocument>(new BsonDocument(Fields.Id, 1))
            .ReadAsync(cancellationToken)).FirstOrDefault()?[Fields.Id].AsString;

    /// <summary>
    /// Lets rows wait. In one transaction each row that is waited for is marked as followed, if it still holds its key back, and those
    /// behind it get their status: so a row that is sent at this moment either is seen as sent here, or sees its followers. For that
    /// the mark has to change the row each time.
    /// </summary>
    /// <param name="database">The collections.</param>
    /// <param name="waiting">The rows that wait, by the id of the row that they wait for.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal static async Task WaitAsync(
        MongoCollections database, IReadOnlyDictionary<string, IReadOnlyList<string>> waiting, CancellationToken cancellationToken)
    {
        if (waiting.Count == 0)
        {
            return;
        }

        using var session = await database.Client.StartSessionAsync(cancellationToken: cancellationToken);
        session.StartTransaction(MongoCollections.Transactions);
        try
        {
            var holding = (await database.Outbox
                .Find(session, new BsonDocument("$and", new BsonArray { new BsonDocument(Fields.Id, Expressions.IsIn(waiting.Keys)), Holds }))
                .Project<BsonDocument>(new BsonDocument(Fields.Id, 1)).ReadAsync(cancellationToken)).ConvertAll(row => row[Fields.Id].AsString);
            if (holding.Count > 0)
            {
                await database.Outbox.UpdateManyAsync(
                    session,
                    new BsonDocument(Fields.Id, Expressions.IsIn(holding)),
                    new BsonDocument("$inc", new BsonDocument(Fields.Followed, 1)),
                    cancellationToken: cancellationToken);
                await database.Outbox.UpdateManyAsync(
                    session,
                    new BsonDocument
                    {
                        { Fields.Id, Expressions.IsIn(holding.SelectMany(eventId => waiting[eventId])) }, { Fields.Status, OutboxStatusText.Pending },
                    },
                    new BsonDocument("$set", new BsonDocument(Fields.Status, OutboxDocument.Waiting)),
                    cancellationToken: cancellationToken);
            }

            await session.CommitTransactionAsync(cancellationToken);
        }
        catch (MongoException e) when (MongoFaults.IsTransient(e))
        {
            // Somebody has changed one of the rows meanwhile. They stay as they were, and the next claim looks at them again.
        }
    }

    /// <summary>
    /// Makes due what waits for these rows, as far as they are sent or skipped. The mark of one that still holds its key back stays: others
    /// may begin to wait for it at any moment, and nothing would make them due.
    /// </summary>
    /// <param name="database">The collections.</param>
    /// <param name="eventIds">The rows.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal static async Task ReleaseAsync(MongoCollections database, IReadOnlyCollection<string> eventIds, CancellationToken cancellationToken)
    {
        var followed = await database.Outbox
            .Find(new BsonDocument(Fields.Id, Expressions.IsIn(eventIds)).Merge(IsFollowed).Merge(IsPast))
            .Project<BsonDocument>(Places()).ReadAsync(cancellationToken);
        await ReleaseAsync(database, followed, cancellationToken);
    }

    /// <summary>Makes due what waits for rows that were sent or skipped by somebody who was gone before that was done.</summary>
    /// <returns>How many such rows there were.</returns>
    internal static async Task<int> ReleaseForgottenAsync(MongoCollections database, int limit, CancellationToken cancellationToken)
    {
        var forgotten = await database.Outbox
            .Find(IsFollowed.DeepClone().AsBsonDocument.Merge(IsPast)).Limit(limit).Project<BsonDocument>(Places()).ReadAsync(cancellationToken);
        await ReleaseAsync(database, forgotten, cancellationToken);
        return forgotten.Count;
    }

    private static async Task ReleaseAsync(MongoCollections database, List<BsonDocument> followed, CancellationToken cancellationToken)
    {
        if (followed.Count == 0)
        {
            return;
        }

        var places = followed.Where(row => OutboxDocument.NumberOf(row) is not null)
            .GroupBy(row => row[Fields.OrderingKey].AsString, row => OutboxDocument.NumberOf(row)!.Value, StringComparer.Ordinal)
            .Select(key => PlacesAfter(key.Key, key.Max(), OutboxLines.RowsOfAKey))
            .ToList();
        if (places.Count > 0)
        {
            await database.Outbox.UpdateManyAsync(
                new BsonDocument { { "$or", new BsonArray(places) }, { Fields.Status, OutboxDocument.Waiting } },
                Release(),
                cancellationToken: cancellationToken);
        }

        await database.Outbox.UpdateManyAsync(
            new BsonDocument(Fields.Id, Expressions.IsIn(followed.Select(row => row[Fields.Id].AsString))),
            new BsonDocument("$unset", new BsonDocument(Fields.Followed, "")),
            cancellationToken: cancellationToken);
    }

    private static bool IsHolding(BsonDocument row) =>
        row.Text(Fields.Status) is not OutboxStatusText.Sent
        && !(row.Text(Fields.Status) is OutboxStatusText.Failed && row.GetValue(Fields.SkippedAt, BsonNull.Value) is not BsonNull);

    /// <summary>The update that makes a waiting row due. What waits behind it is waited for by it.</summary>
    internal static BsonDocument Release() => new()
    {
        { "$set", new BsonDocument(Fields.Status, OutboxStatusText.Pending) }, { "$inc", new BsonDocument(Fields.Followed, 1) },
    };

    /// <summary>The condition of the rows that follow a place in a key.</summary>
    internal static BsonDocument PlacesAfter(string key, long number, int count) =>
        Place(key, new BsonDocument { { "$gt", number }, { "$lte", number + count } });

    private static BsonDocument Place(string key, BsonValue number) => new() { { Fields.OrderingKey, key }, { Fields.OrderNumber, number } };

    private static BsonDocument Places() =>
        new() { { Fields.Status, 1 }, { Fields.OrderingKey, 1 }, { Fields.OrderNumber, 1 }, { Fields.SkippedAt, 1 } };
}
