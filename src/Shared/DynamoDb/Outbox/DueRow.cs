using Amazon.DynamoDBv2.Model;
using Relaybox.Outbox;

namespace Relaybox.DynamoDb;

/// <summary>A row that the due index names, as the table has it.</summary>
internal static class DueRow
{
    /// <summary>
    /// When its claim's lease ends; null where nobody has claimed it. Claims of the first versions had no attribute of their own
    /// for that: they moved the due time.
    /// </summary>
    internal static DateTimeOffset? LeaseEnd(Dictionary<string, AttributeValue> item) =>
        OutboxStatusText.Parse(item.GetString(Attributes.Status)) == OutboxStatus.Publishing
            ? item.GetTime(Attributes.LeaseUntil) ?? item.GetTime(Attributes.DueAt)
            : null;

    /// <summary>Whether the row may be claimed: pending or left by its claimant, due, and in a shard that is relayed.</summary>
    internal static bool IsClaimable(Dictionary<string, AttributeValue> item, DateTimeOffset now) =>
        OutboxStatusText.Parse(item.GetString(Attributes.Status)) is OutboxStatus.Pending or OutboxStatus.Publishing
        && item.GetString(Attributes.DueShard) is { } shard && shard != Attributes.FailedShard
        && item.GetTime(Attributes.DueAt) <= now
        && !(LeaseEnd(item) > now);
}
