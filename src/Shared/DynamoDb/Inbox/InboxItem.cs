using Amazon.DynamoDBv2.Model;
using Relaybox.Inbox;

namespace Relaybox.DynamoDb;

/// <summary>Inbox records from and to DynamoDB items.</summary>
internal static class InboxItem
{
    // No consumer's name holds it.
    private const char ReplaySeparator = '#';

    /// <summary>The item's key. The sort key holds the consumer, and after a <c>#</c> the replay id where there is one.</summary>
    internal static Dictionary<string, AttributeValue> Key(InboxKey key) => new(2)
    {
        [Attributes.EventId] = Values.S(key.EventId),
        [Attributes.Consumer] = Values.S(key.ReplayId.Length == 0 ? key.Consumer : $"{key.Consumer}{ReplaySeparator}{key.ReplayId}"),
    };

    /// <summary>The key of a record from its item.</summary>
    internal static InboxKey KeyOf(Dictionary<string, AttributeValue> item)
    {
        var consumer = item.GetString(Attributes.Consumer) ?? "";
        var eventId = item.GetString(Attributes.EventId) ?? "";
        return consumer.IndexOf(ReplaySeparator, StringComparison.Ordinal) is var at and >= 0
            ? new InboxKey(consumer[..at], eventId, consumer[(at + 1)..])
            : new InboxKey(consumer, eventId);
    }

    internal static InboxRecord ToRecord(Dictionary<string, AttributeValue> item) => new(
        KeyOf(item),
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
        Emitted = EmittedEvents.Read(item.GetString(Attributes.Emitted)),
    };

    /// <summary>A record that was claimed under a token.</summary>
    internal static InboxClaim.Claimed ToClaim(Dictionary<string, AttributeValue> item, string token) => InboxClaim.Claimed.Of(
        KeyOf(item), token, item.GetCount(Attributes.Deliveries), item.GetCount(Attributes.Unfinished), item.GetString(Attributes.BegunToken));

    /// <summary>A record that a claim did not get.</summary>
    internal static RefusedRecord ToRefused(Dictionary<string, AttributeValue> item) => new(
        InboxStatusText.Parse(item.GetString(Attributes.Status)),
        item.GetCount(Attributes.Deliveries),
        item.GetCount(Attributes.Unfinished),
        item.GetString(Attributes.ClaimToken),
        item.GetString(Attributes.BegunToken),
        item.TryGetValue(Attributes.PayloadHash, out var hash) && hash.B is { } bytes ? (ReadOnlyMemory<byte>?)bytes.ToArray() : null,
        item.GetTime(Attributes.LeaseUntil));
}
