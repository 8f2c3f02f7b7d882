using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Events;

namespace Relaybox.MongoDb;

/// <summary>Writes new rows in somebody's transaction, numbered by the counters of their keys.</summary>
internal static class OutboxInsert
{
    private const int RowsPerCommand = 1_000;
    private const int CharactersPerCommand = 8 * 1024 * 1024;

    /// <summary>
    /// Takes the next numbers of a key. The counter is changed in the transaction that writes the rows: two transactions that write one
    /// key meet there, so that the order of the numbers is the order of the commits.
    /// </summary>
    /// <returns>The first of the numbers.</returns>
    internal static async Task<long> TakeNumbersAsync(
        MongoCollections database, IClientSessionHandle session, string key, int count, CancellationToken cancellationToken)
    {
        var counter = await database.Keys.FindOneAndUpdateAsync(
            session,
            new BsonDocument(Fields.Id, key),
            new BsonDocument
            {
                { "$inc", new BsonDocument(Fields.Last, (long)count) },
                { "$currentDate", new BsonDocument(Fields.UsedAt, true) },
            },
            new FindOneAndUpdateOptions<BsonDocument> { IsUpsert = true, ReturnDocument = ReturnDocument.After },
            cancellationToken);
        return counter[Fields.Last].ToInt64() - count + 1;
    }

    /// <summary>Inserts events: those of a key in their order, the keys in one order everywhere.</summary>
    /// <param name="database">The collections.</param>
    /// <param name="session">The session, in a transaction.</param>
    /// <param name="events">The events; each keeps the row contract.</param>
    /// <param name="now">When they were written, where an event does not say so itself.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OutboxCounterException">The counter of a key is behind its rows.</exception>
    /// <exception cref="EventIdRefusedException">The id of an event is taken. The transaction has ended.</exception>
    internal static async Task InsertAsync(
        MongoCollections database,
        IClientSessionHandle session,
        IReadOnlyList<OutboxEvent> events,
        DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        var documents = new List<BsonDocument>(events.Count);
        var keys = events.GroupBy(outboxEvent => outboxEvent.OrderingKey, StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal);
        foreach (var ofKey in keys)
        {
            long? number = ofKey.Key is { } key ? await TakeNumbersAsync(database, session, key, ofKey.Count(), cancellationToken) : null;
            foreach (var outboxEvent in ofKey)
            {
                documents.Add(OutboxDocument.Of(outboxEvent, number, now));
                number++;
            }
        }

        for (var start = 0; start < documents.Count;)
        {
            var end = EndOfCommand(documents, start);
            await InsertAsync(database, session, documents[start..end], cancellationToken);
            start = end;
        }
    }

    // The command as it is: the driver's own insert says of a refused document no more than a text.
    private static async Task InsertAsync(
        MongoCollections database, IClientSessionHandle session, List<BsonDocument> documents, CancellationToken cancellationToken)
    {
        var answer = await database.Database.RunCommandAsync<BsonDocument>(
            session,
            new BsonDocument { { "insert", database.Options.OutboxCollection }, { "documents", new BsonArray(documents) }, { "ordered", true } },
            cancellationToken: cancellationToken);
        if (answer.TryGetValue("writeErrors", out var errors) && errors is BsonArray { Count: > 0 } and [BsonDocument error, ..])
        {
            var code = error["code"].ToInt32();
            var refused = documents[error["index"].ToInt32()];
            throw code == MongoFaults.DuplicateKey && error.GetValue("keyPattern", BsonNull.Value) is BsonDocument pattern
                ? pattern.Contains(Fields.OrderNumber)
                    ? new OutboxCounterException(database.Options.KeysCollection)
                    : new EventIdRefusedException(refused[Fields.Id].AsString)
                : new RefusedWriteException(code);
        }
    }

    private static int EndOfCommand(List<BsonDocument> documents, int start)
    {
        var characters = 0;
        var end = start;
        do
        {
            characters += documents[end][Fields.Payload].AsString.Length + (documents[end].Text(Fields.Result)?.Length ?? 0);
            end++;
        }
        while (end < documents.Count && end - start < RowsPerCommand && characters < CharactersPerCommand);

        return end;
    }
}
