using Amazon.DynamoDBv2.Model;
using Relaybox.Outbox;

namespace Relaybox.DynamoDb;

/// <summary>Reads rows that came by the table's stream.</summary>
internal static class DynamoDbOutboxRows
{
    /// <summary>
    /// Reads a row, checked against the contract, with the right to publish it that comes with its stream record: it holds
    /// as long as nobody has claimed the row.
    /// </summary>
    /// <param name="item">The row.</param>
    public static OutboxClaim ReadClaim(Dictionary<string, AttributeValue> item) =>
        OutboxItem.ReadClaimable(item, ClaimToken.None, limit: 1);

    /// <summary>Whether a row is pending and not in the due index: the stream's to relay. Rows in the index are the sweep's.</summary>
    /// <param name="item">The row.</param>
    public static bool IsNew(Dictionary<string, AttributeValue> item)
    {
        ArgumentNullException.ThrowIfNull(item);
        return OutboxStatusText.Parse(item.GetString(Attributes.Status)) == OutboxStatus.Pending
            && !item.ContainsKey(Attributes.DueShard)
            && !item.ContainsKey(Attributes.ClaimToken);
    }
}
