using Relaybox.Inbox;
using StackExchange.Redis;

namespace Relaybox.Redis;

/// <summary>The keys of a bucket's inbox.</summary>
/// <param name="bucket">The bucket.</param>
internal sealed class InboxNames(Bucket bucket)
{
    internal Bucket Bucket => bucket;

    /// <summary>The sorted set of claimed records, by when their leases end.</summary>
    internal RedisKey Leases => $"{bucket.Tag}:inbox:leases";

    /// <summary>The sorted set of processed records, by when they were processed.</summary>
    internal RedisKey Processed => $"{bucket.Tag}:inbox:processed";

    /// <summary>
    /// The sorted set of failed records, by when their last attempts ended. A record that is claimed again stays in it until it fails again,
    /// or the cleanup comes to it.
    /// </summary>
    internal RedisKey Failed => $"{bucket.Tag}:inbox:failed";

    /// <summary>The hash of a record.</summary>
    internal RedisKey Record(InboxKey key) => Record(Member(key));

    /// <summary>The hash of a record, by its member in the sorted sets.</summary>
    internal RedisKey Record(string member) => $"{bucket.Tag}:inbox:{member}";

    /// <summary>What every record's key is like; <see cref="IsRecord"/> tells them from the sorted sets.</summary>
    internal static string Pattern(RedisOptions options) => $"{{{options.KeyPrefix}:*}}:inbox:*";

    /// <summary>Whether a key that is like <see cref="Pattern"/> is a record's.</summary>
    internal static bool IsRecord(string key) => key.IndexOf(':', key.IndexOf(":inbox:", StringComparison.Ordinal) + ":inbox:".Length) > 0;

    /// <summary>
    /// <c>consumer:eventId</c>, and <c>:replayId</c> where there is one, with <c>%25</c> and <c>%3A</c> for their own percent signs and
    /// colons: two keys never have the same member, and none is the name of a sorted set.
    /// </summary>
    internal static string Member(InboxKey key) =>
        key.ReplayId.Length == 0
            ? $"{Escape(key.Consumer)}:{Escape(key.EventId)}"
            : $"{Escape(key.Consumer)}:{Escape(key.EventId)}:{Escape(key.ReplayId)}";

    private static string Escape(string text) =>
        text.Replace("%", "%25", StringComparison.Ordinal).Replace(":", "%3A", StringComparison.Ordinal);
}
