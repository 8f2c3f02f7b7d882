using System.Globalization;
using Amazon.DynamoDBv2.Model;

namespace Relaybox.DynamoDb;

/// <summary>Attribute values from and to .NET values. Times are epoch milliseconds, as the row contract says.</summary>
internal static class Values
{
    internal static AttributeValue S(string value) => new() { S = value };

    internal static AttributeValue N(long value) => new() { N = value.ToString(CultureInfo.InvariantCulture) };

    internal static AttributeValue Time(DateTimeOffset value) => N(value.ToUnixTimeMilliseconds());

    /// <summary>Epoch seconds, which is what DynamoDB's time to live reads.</summary>
    internal static AttributeValue Seconds(DateTimeOffset value) => N(value.ToUnixTimeSeconds());

    /// <summary>The time that <see cref="Time"/> made this value from.</summary>
    internal static DateTimeOffset AsTime(this AttributeValue value) =>
        ToTime(long.Parse(value.N, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture));

    internal static string? GetString(this Dictionary<string, AttributeValue> item, string name) =>
        item.TryGetValue(name, out var value) ? value.S : null;

    internal static long? GetNumber(this Dictionary<string, AttributeValue> item, string name) =>
        item.TryGetValue(name, out var value)
            && long.TryParse(value.N, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    internal static int GetCount(this Dictionary<string, AttributeValue> item, string name) =>
        (int)Math.Clamp(item.GetNumber(name) ?? 0, 0, int.MaxValue);

    internal static DateTimeOffset? GetTime(this Dictionary<string, AttributeValue> item, string name) =>
        item.GetNumber(name) is { } milliseconds ? ToTime(milliseconds) : null;

    // A hand-written number can lie outside of what a date can be.
    internal static DateTimeOffset ToTime(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(
        Math.Clamp(milliseconds, DateTimeOffset.MinValue.ToUnixTimeMilliseconds(), DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()));
}
