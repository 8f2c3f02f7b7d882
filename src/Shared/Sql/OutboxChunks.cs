using Relaybox.Events;

namespace Relaybox.Sql;

/// <summary>Splits events into what one statement writes.</summary>
internal static class OutboxChunks
{
    private const int RowsPerStatement = 1000;

    /// <summary>Puts events into an order that is the same everywhere: a key's rows as they came, the keys sorted.</summary>
    internal static OutboxEvent[] InKeyOrder(IEnumerable<OutboxEvent> events) =>
        [.. events.OrderBy(outboxEvent => outboxEvent.OrderingKey, StringComparer.Ordinal)];

    /// <summary>The events in chunks, in their order: a thousand events at most, and one at least.</summary>
    /// <param name="events">The events.</param>
    /// <param name="sizeOf">How much of the limit an event takes.</param>
    /// <param name="limit">The most that the events of a chunk take together.</param>
    internal static List<OutboxEvent[]> Of(IReadOnlyList<OutboxEvent> events, Func<OutboxEvent, long> sizeOf, long limit) =>
        StatementChunks.Of(events, sizeOf, limit, RowsPerStatement);
}
