using System.Text;
using Relaybox.Events;
using Relaybox.Sql;

namespace Relaybox.MySql;

/// <summary>
/// The ordering keys whose locks a transaction takes before it writes rows of several keys. Keys share 1,024 locks, which are taken in
/// their order, as everywhere: so two transactions do not wait for each other in a circle.
/// </summary>
internal static class KeyLocks
{
    private const uint Polynomial = 0xEDB88320;
    private const uint Buckets = 1024;

    // A thousand short keys; far below any max_allowed_packet.
    private const int BytesPerStatement = 64 * 1024;

    /// <summary>A key of each lock, in the order of the locks, in chunks of what one statement takes.</summary>
    /// <param name="events">The events.</param>
    /// <returns>Nothing where there is one key at most, which its row locks itself.</returns>
    internal static List<string[]> Of(IEnumerable<OutboxEvent> events)
    {
        var keys = events.Select(outboxEvent => outboxEvent.OrderingKey).OfType<string>().Distinct(StringComparer.Ordinal).ToArray();
        return keys.Length < 2
            ? []
            : StatementChunks.Of([.. keys.DistinctBy(BucketOf).OrderBy(BucketOf)], static key => StatementSize.Of(key) + 4L, BytesPerStatement);
    }

    /// <summary>The number of a key's lock: the server's <c>CRC32(ordering_key) &amp; 1023</c>.</summary>
    internal static uint BucketOf(string key)
    {
        var crc = ~0u;
        foreach (var octet in Encoding.UTF8.GetBytes(key))
        {
            crc ^= octet;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) * Polynomial);
            }
        }

        return ~crc % Buckets;
    }
}
