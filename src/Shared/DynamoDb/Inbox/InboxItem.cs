using Amazon.DynamoDBv2.Model;
using Relaybox.Inbox;

namespace Relaybox.DynamoDb;

/// <summary>Inbox records from and to DynamoDB items.</summary>
internal static class InboxItem
{
    internal static Dictionary<string, AttributeValue> Key(string consumer, string eventId) => new(2)
    {
        [Attributes.EventId] = Values.S(eventId),
        [Attributes.Consumer] = Values.S(consumer),
    };

    internal static InboxRecord ToRecord(Dictionary<string, AttributeValue> item) => new(
        item.GetString(Attributes.Consumer) ?? "",
        item.GetString(Attributes.EventId) ?? "",
        InboxStatusText.Parse(item.GetString(Attributes.Status)),
        item.GetCount(Attributes.Deliveries))
    {
        Unfinished = item.GetCount(Attributes.Unfinished),
        Subject = item.GetString(Attributes.Subject),
        ReceivedAt = item.GetTime(Attributes.ReceivedAt),
        ProcessedAt = item.GetTime(Attributes.ProcessedAt),
        FailedAt = item.GetTime(Attributes.FailedAt),
        LeaseUntil = item.GetTime(Attributes.LeaseUntil),
        Stream = item.GetString(Attributes.Stream),
        StreamSequence = item.GetNumber(Attributes.StreamSequence),
        ErrorCode = item.GetString(Attributes.ErrorCode),
        ErrorMessage = item.GetString(Attributes.ErrorMessage),
    };

    /// <summary>A record that was claimed under a token.</summary>
    internal static InboxClaim.Claimed ToClaim(Dictionary<string, AttributeValue> item, string token)
    {
        var record = ToRecord(item);

        // A claim that has begun is one of the unfinished itself. One that counts with its start is told as if it had started.
        var begun = item.GetString(Attributes.BegunToken) == token ? 1 : 0;
        return new InboxClaim.Claimed(record.Consumer, record.EventId, token, record.Deliveries + 1 - begun) { Unfinished = record.Unfinished - begun };
    }

    internal static bool HasOtherHash(Dictionary<string, AttributeValue> item, ReadOnlyMemory<byte> hash) =>
        item.TryGetValue(Attributes.PayloadHash, out var stored)
        && stored.B is { } bytes
        && !bytes.ToArray().AsSpan().SequenceEqual(hash.Span);
}
