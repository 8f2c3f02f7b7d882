using System.Text;
using Amazon.DynamoDBv2.Model;

namespace Relaybox.Benchmarks.DynamoDb;

/// <summary>What a write costs by the documented rules of the service, whatever an emulator says of it.</summary>
/// <remarks>
/// A write takes one unit for each KiB of the larger of the item before and after. In an index an entry that appears, goes,
/// or changes what is projected takes one write of its size; one whose key changes takes two: the old goes, the new comes.
/// See https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html.
/// </remarks>
internal static class CapacityRules
{
    private const double Unit = 1024;

    /// <param name="before">The item before; null where there was none.</param>
    /// <param name="after">The item after; null where it was deleted.</param>
    /// <param name="indexKey">The attributes of the index's key.</param>
    /// <param name="projectsAll">Whether the index holds the whole item; otherwise only the keys.</param>
    public static double WriteUnits(
        Dictionary<string, AttributeValue>? before, Dictionary<string, AttributeValue>? after, string[] indexKey, bool projectsAll)
    {
        var units = Units(Math.Max(SizeOf(before), SizeOf(after)));
        var (old, current) = (Entry(before), Entry(after));
        if (old is null || current is null)
        {
            return units + (old is null && current is null ? 0 : Units(SizeOf(old ?? current)));
        }

        return indexKey.Any(name => Text(old[name]) != Text(current[name])) ? units + Units(SizeOf(old)) + Units(SizeOf(current))
            : projectsAll ? units + Units(Math.Max(SizeOf(old), SizeOf(current)))
            : units;

        Dictionary<string, AttributeValue>? Entry(Dictionary<string, AttributeValue>? item) =>
            item is null || indexKey.Any(name => !item.ContainsKey(name)) ? null
            : projectsAll ? item
            : new(item.Where(attribute => attribute.Key == "eventId" || indexKey.Contains(attribute.Key)));
    }

    public static int SizeOf(Dictionary<string, AttributeValue>? item) =>
        item?.Sum(attribute => Encoding.UTF8.GetByteCount(attribute.Key) + SizeOf(attribute.Value)) ?? 0;

    private static int SizeOf(AttributeValue value) =>
        value.S is { } text ? Encoding.UTF8.GetByteCount(text)
        : value.N is { } number ? (number.Length / 2) + 1
        : value.M is { } map ? 3 + map.Count + SizeOf(map)
        : 1;

    private static double Units(int bytes) => Math.Max(1, Math.Ceiling(bytes / Unit));

    private static string Text(AttributeValue value) => value.S ?? value.N;
}
