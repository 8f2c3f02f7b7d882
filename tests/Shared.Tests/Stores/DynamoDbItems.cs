using System.Globalization;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Items by hand.</summary>
internal static class DynamoDbItems
{
    internal static AttributeValue S(string value) => new() { S = value };

    internal static AttributeValue N(long value) => new() { N = value.ToString(CultureInfo.InvariantCulture) };

    internal static Dictionary<string, AttributeValue> Set(
        this Dictionary<string, AttributeValue> item, string name, string? value)
    {
        if (value is not null)
        {
            item[name] = S(value);
        }

        return item;
    }

    internal static Dictionary<string, AttributeValue> Set(
        this Dictionary<string, AttributeValue> item, string name, DateTimeOffset? value)
    {
        if (value is { } time)
        {
            item[name] = N(time.ToUnixTimeMilliseconds());
        }

        return item;
    }

    /// <summary>An item as text, so that two looks at it can be compared.</summary>
    internal static async Task<IReadOnlyDictionary<string, string>?> ReadAsync(
        IAmazonDynamoDB client, string table, Dictionary<string, AttributeValue> key)
    {
        var response = await client.GetItemAsync(
            new GetItemRequest { TableName = table, Key = key, ConsistentRead = true });
        return response.Item is { Count: > 0 } item
            ? item.ToDictionary(field => field.Key, field => Text(field.Value), StringComparer.Ordinal)
            : null;
    }

    private static string Text(AttributeValue value) =>
        value.S ?? value.N
        ?? (value.B is { } bytes ? Convert.ToHexString(bytes.ToArray())
            : value.M is { } map ? string.Join(';', map.OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => $"{f.Key}={Text(f.Value)}"))
            : "?");
}
