using System.Globalization;

namespace Relaybox.DynamoDb;

/// <summary>Which value of the due index a row belongs to.</summary>
internal static class DueShard
{
    /// <summary>The shard of an event id: FNV-1a of its UTF-16 units, so that every version puts a row in the same place.</summary>
    internal static string Of(string eventId, int shards)
    {
        var hash = 2166136261u;
        foreach (var c in eventId)
        {
            hash = unchecked((hash ^ c) * 16777619u);
        }

        return Name((int)(hash % (uint)shards));
    }

    internal static string Name(int shard) => shard.ToString(CultureInfo.InvariantCulture);
}
