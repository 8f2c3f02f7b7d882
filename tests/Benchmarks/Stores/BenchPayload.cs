using Relaybox.Events;

namespace Relaybox.Benchmarks.Stores;

/// <summary>The payload of every row and message: JSON of 1 KiB.</summary>
internal static class BenchPayload
{
    private const int Length = 1024;

    public static string Text { get; } = $$"""{"orderId":"o-1","note":"{{new string('x', Length - 28)}}"}""";

    /// <summary>The same as an expression of SQL.</summary>
    public static string Sql { get; } = $"'{Text}'";

    /// <summary>Events of as many keys in turns, from one number on, due at a time.</summary>
    public static IEnumerable<OutboxEvent> Keyed(long from, long count, int keys, string prefix, DateTimeOffset due) =>
        Enumerable.Range(0, (int)count).Select(i => new OutboxEvent
        {
            EventId = $"{Guid.NewGuid()}", Subject = "orders.placed", Payload = Text, OrderingKey = $"{prefix}{(from + i) % keys}", AvailableAt = due,
        });
}
