using System.Globalization;
using Amazon.DynamoDBv2.Model;

namespace Relaybox.DynamoDb;

/// <summary>A place in the due index as text: <c>shard</c>, or <c>shard:dueAt:eventId</c> within one.</summary>
internal sealed record DueCursor(int Shard, long DueAt, string? EventId)
{
    internal static DueCursor Parse(string? cursor)
    {
        if (cursor is null)
        {
            return new DueCursor(0, 0, null);
        }

        var parts = cursor.Split(':', 3);
        if (int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var shard))
        {
            if (parts.Length == 1)
            {
                return new DueCursor(shard, 0, null);
            }

            if (parts.Length == 3 && long.TryParse(parts[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var dueAt))
            {
                return new DueCursor(shard, dueAt, parts[2]);
            }
        }

        throw new FormatException("The cursor is not one of this store.");
    }

    /// <summary>Where to go on after a page: within the shard, at the next one, or nowhere.</summary>
    internal DueCursor? Next(Dictionary<string, AttributeValue>? lastKey, int shards) =>
        lastKey is { Count: > 0 }
            ? new DueCursor(Shard, lastKey.GetNumber(Attributes.DueAt) ?? 0, lastKey.GetString(Attributes.EventId))
            : Shard + 1 < shards ? new DueCursor(Shard + 1, 0, null) : null;

    internal Dictionary<string, AttributeValue>? ToStartKey() => EventId is null ? null : new(3)
    {
        [Attributes.DueShard] = Values.S(DueShard.Name(Shard)),
        [Attributes.DueAt] = Values.N(DueAt),
        [Attributes.EventId] = Values.S(EventId),
    };

    public override string ToString() => EventId is null
        ? DueShard.Name(Shard)
        : string.Create(CultureInfo.InvariantCulture, $"{Shard}:{DueAt}:{EventId}");
}
