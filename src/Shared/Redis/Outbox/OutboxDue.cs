using StackExchange.Redis;

namespace Relaybox.Redis;

/// <summary>When the next row can be claimed.</summary>
internal static class OutboxDue
{
    private static readonly RedisScript Next = RedisScript.Load("outbox_next");

    /// <summary>How long until a row can be claimed, less than zero where one can be since then; null where none ever can.</summary>
    internal static async Task<TimeSpan?> UntilAsync(IDatabase database, Bucket[] buckets)
    {
        var waits = await Task.WhenAll(buckets.Select(bucket => Next.RunAsync(database, new ScriptArguments(bucket.Keys()))));
        var known = waits.Where(wait => !wait.IsNull).Select(wait => (double)wait).ToList();
        return known.Count == 0 ? null : TimeSpan.FromMilliseconds(Math.Min(known.Min(), TimeSpan.MillisecondsPerDay));
    }
}
