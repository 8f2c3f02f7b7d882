using Amazon.Lambda.DynamoDBEvents;
using Relaybox.DynamoDb;
using Relaybox.Outbox;
using Stored = Amazon.DynamoDBv2.Model.AttributeValue;

namespace Relaybox.Functions.Relay;

/// <summary>A row as a stream record brings it.</summary>
/// <param name="Claim">The right to publish it, which holds as long as nobody has claimed the row.</param>
/// <param name="IsNew">Whether it is pending and in no index: the stream's to relay, and not the sweep's.</param>
internal sealed record StreamRow(OutboxClaim Claim, bool IsNew)
{
    internal static StreamRow Read(Dictionary<string, DynamoDBEvent.AttributeValue> image)
    {
        var item = image.ToDictionary(attribute => attribute.Key, attribute => ToStored(attribute.Value));
        return new StreamRow(DynamoDbOutboxRows.ReadClaim(item), DynamoDbOutboxRows.IsNew(item));
    }

    private static Stored ToStored(DynamoDBEvent.AttributeValue? value) => value switch
    {
        { S: { } text } => new Stored { S = text },
        { N: { } number } => new Stored { N = number },
        { M: { } map } => new Stored { M = map.ToDictionary(entry => entry.Key, entry => ToStored(entry.Value)) },

        // Everything else is a type that the contract has no use for; what counts is that it is there.
        null or { NULL: true } => new Stored { NULL = true },
        _ => new Stored { BOOL = true },
    };
}
