using Amazon.DynamoDBv2.Model;

namespace Relaybox.DynamoDb;

/// <summary>Counts items by their status as it is stored; one without a status counts under the empty text.</summary>
internal static class StatusCounts
{
    internal static Dictionary<string, long> Empty() => new(StringComparer.Ordinal);

    /// <summary>Counts one item.</summary>
    /// <returns>Its status.</returns>
    internal static string Count(this Dictionary<string, long> counts, Dictionary<string, AttributeValue> item)
    {
        var status = item.GetString(Attributes.Status) ?? "";
        counts[status] = counts.GetValueOrDefault(status) + 1;
        return status;
    }

    /// <summary>Counts a whole table, page by page.</summary>
    internal static async Task<IReadOnlyDictionary<string, long>> OfAllAsync(
        Func<string?, Task<ScanResponse>> scanPage, Func<Dictionary<string, AttributeValue>?, string?> cursorOf)
    {
        var counts = Empty();
        string? cursor = null;
        do
        {
            var page = await scanPage(cursor);
            foreach (var item in page.Items ?? [])
            {
                counts.Count(item);
            }

            cursor = cursorOf(page.LastEvaluatedKey);
        }
        while (cursor is not null);

        return counts;
    }
}
