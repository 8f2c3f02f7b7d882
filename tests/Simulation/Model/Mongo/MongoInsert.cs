using Relaybox.Events;

namespace Relaybox.Simulation.Model;

/// <summary>Writes a row in a transaction, in the steps of the real store's <c>OutboxInsert</c>.</summary>
internal static class MongoInsert
{
    internal static async Task InsertAsync(
        MongoSession session, MongoServer server, OutboxEvent outboxEvent, CancellationToken cancellationToken)
    {
        var place = 0L;
        if (outboxEvent.OrderingKey is { } key)
        {
            place = await session.ExecuteAsync($"keys.take {key}", transaction => TakeNumber(transaction, server, key), cancellationToken);
        }

        await session.ExecuteAsync($"outbox.insert {outboxEvent.EventId}", Insert, cancellationToken);

        bool Insert(MongoTransaction transaction)
        {
            server.Insert(
                transaction,
                outboxEvent.EventId,
                () => server.Outbox.FindOrCreate(outboxEvent, server.Now, dueAtOnce: true, rowId: null, place));
            return true;
        }
    }

    // Two transactions that write one key meet at its counter, so that the order of the numbers is the order of the commits.
    private static long TakeNumber(MongoTransaction transaction, MongoServer server, string key)
    {
        var number = server.CounterAt(transaction, key) + 1;
        server.Write(transaction, DocumentId.Counter(key), changes: true, () => server.SetCounter(key, number));
        transaction.Numbers[key] = number;
        return number;
    }
}
