using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Relaybox.Inbox;

/// <summary>Says where JSON could not be read, by the names that the type has, never by those that are only in the JSON.</summary>
internal static class JsonPlace
{
    /// <summary>A part of a sentence, such as <c>: property $.lines[0].price, line 1, byte 45</c>; empty where nothing is known.</summary>
    /// <param name="exception">What the serializer threw.</param>
    /// <param name="type">The type that was read.</param>
    internal static string Of(JsonException? exception, JsonTypeInfo type)
    {
        if (exception is null)
        {
            return "";
        }

        var (path, place) = Follow(exception.Path ?? "$", type);
        var missing = (place?.Properties ?? [])
            .Where(property => property.IsRequired && exception.Message.Contains($"'{property.Name}'", StringComparison.Ordinal))
            .Select(property => property.Name)
            .ToList();
        var text = missing.Count > 0 ? $": {path} lacks {string.Join(", ", missing)}" : $": property {path}";
        return exception is { LineNumber: { } line, BytePositionInLine: { } position }
            ? string.Create(CultureInfo.InvariantCulture, $"{text}, line {line + 1}, byte {position + 1}")
            : text;
    }

    // $.name, $[0], $['a name'] and $.key: a dictionary's keys, and properties that the type does not have, are content.
    private static (string Path, JsonTypeInfo? Place) Follow(string path, JsonTypeInfo type)
    {
        var text = new StringBuilder("$");
        JsonTypeInfo? place = type;
        var at = 1;
        while (at < path.Length)
        {
            if (place?.Kind == JsonTypeInfoKind.Enumerable && path[at] == '[' && path.IndexOf(']', at) is var end and > 0)
            {
                text.Append(path, at, end - at + 1);
                place = Find(place, place.ElementType);
                at = end + 1;
            }
            else if (place?.Kind == JsonTypeInfoKind.Object && PropertyAt(path, at, place) is var (property, length) && property is not null)
            {
                text.Append('.').Append(property.Name);
                place = Find(place, property.PropertyType);
                at += length;
            }
            else
            {
                return (text.Append(".*").ToString(), null);
            }
        }

        return (text.ToString(), place);
    }

    private static (JsonPropertyInfo? Property, int Length) PropertyAt(string path, int at, JsonTypeInfo type)
    {
        foreach (var property in type.Properties.OrderByDescending(property => property.Name.Length))
        {
            foreach (var part in (string[])[$".{property.Name}", $"['{property.Name}']"])
            {
                if (string.Compare(path, at, part, 0, part.Length, StringComparison.OrdinalIgnoreCase) == 0
                    && (at + part.Length == path.Length || path[at + part.Length] is '.' or '['))
                {
                    return (property, part.Length);
                }
            }
        }

        return (null, 0);
    }

    private static JsonTypeInfo? Find(JsonTypeInfo owner, Type? type) =>
        type is not null && owner.Options.TryGetTypeInfo(type, out var found) ? found : null;
}
