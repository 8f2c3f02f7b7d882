using System.Globalization;
using Amazon.DynamoDBv2.Model;

namespace Relaybox.DynamoDb;

/// <summary>A place in the inbox table as text: the sort key's length, the sort key, the event id.</summary>
internal static class InboxCursor
{
    internal static string? From(Dictionary<string, AttributeValue>? lastKey) =>
        lastKey is { Count: > 0 } && lastKey.GetString(Attributes.Consumer) is { } consumer
            ? $"{consumer.Length}:{consumer}{lastKey.GetString(Attributes.EventId)}"
            : null;

    internal static Dictionary<string, AttributeValue>? ToKey(string? cursor)
    {
        if (cursor is null)
        {
            return null;
        }

        var colon = cursor.IndexOf(':', StringComparison.Ordinal);
        if (colon <= 0 || !int.TryParse(cursor.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            || length > cursor.Length - colon - 2)
        {
            throw new FormatException("The cursor is not one of this store.");
        }

        return new(2)
        {
            [Attributes.Consumer] = Values.S(cursor.Substring(colon + 1, length)),
            [Attributes.EventId] = Values.S(cursor[(colon + 1 + length)..]),
        };
    }
}
