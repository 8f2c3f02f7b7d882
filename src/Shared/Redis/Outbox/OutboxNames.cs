using StackExchange.Redis;

namespace Relaybox.Redis;

/// <summary>The keys of the outbox in a bucket, and what a member of its sorted sets says.</summary>
internal static class OutboxNames
{
    private const char Separator = '\0';

    // In the order in which box.lua names them.
    private static readonly string[] Sets = ["due", "leases", "lines", "later", "sent", "failed", "seq"];

    /// <summary>What every script of the outbox has first in KEYS.</summary>
    internal static string[] Keys(this Bucket bucket) => [bucket.Schema, .. Sets.Select(name => $"{bucket.Tag}:{name}")];

    /// <summary>The hash of a row.</summary>
    internal static string Row(this Bucket bucket, string eventId) => $"{bucket.Tag}:row:{eventId}";

    /// <summary>The rows that are claimed, by the end of the lease.</summary>
    internal static string Leases(this Bucket bucket) => $"{bucket.Tag}:leases";

    /// <summary>The unsent rows of each ordering key, in their order.</summary>
    internal static string Lines(this Bucket bucket) => $"{bucket.Tag}:lines";

    /// <summary>The rows that were sent, by when.</summary>
    internal static string Sent(this Bucket bucket) => $"{bucket.Tag}:sent";

    /// <summary>The rows that are parked, by when.</summary>
    internal static string Failed(this Bucket bucket) => $"{bucket.Tag}:failed";

    /// <summary>The channel on which new rows are announced.</summary>
    internal static RedisChannel Channel(RedisOptions options) => RedisChannel.Literal($"{options.KeyPrefix}:due");

    /// <summary>What the keys of all rows of every bucket look like.</summary>
    internal static string RowPattern(RedisOptions options) => $"{{{options.KeyPrefix}:*}}:row:*";

    /// <summary>The bucket and the event id that a row's key names; null where it is none of this outbox.</summary>
    internal static (Bucket Bucket, string EventId)? ReadRow(RedisOptions options, string key)
    {
        var start = options.KeyPrefix.Length + 2;
        var end = key.IndexOf("}:row:", StringComparison.Ordinal);
        return end > start && int.TryParse(key.AsSpan(start, end - start), out var number) && number >= 0 && number < options.Buckets
            ? (new Bucket(options.KeyPrefix, number), key[(end + "}:row:".Length)..])
            : null;
    }

    /// <summary>The buckets that have a row of this id, which are several where an app's data was written with it under other hash tags.</summary>
    internal static async Task<Bucket[]> HavingAsync(this Bucket[] buckets, IDatabase database, string eventId)
    {
        if (buckets.Length == 1)
        {
            return buckets;
        }

        var have = await Task.WhenAll(buckets.Select(bucket => database.KeyExistsAsync(bucket.Row(eventId), CommandFlags.DemandMaster)));
        return [.. buckets.Where((_, i) => have[i])];
    }

    /// <summary>The ordering key and the event id of a member; the key is empty where the row has none.</summary>
    internal static (string Key, string EventId) ReadMember(RedisValue member) => ((string?)member ?? "").Split(Separator) switch
    {
        [var key, _, var eventId, ..] => (key, eventId),
        _ => ("", ""),
    };
}
