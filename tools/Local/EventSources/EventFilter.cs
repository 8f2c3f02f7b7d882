using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Relaybox.Local.EventSources;

/// <summary>
/// The filter patterns of an event source mapping: a record passes when any pattern matches it. A pattern is a
/// tree of keys that ends in lists of alternatives: a value, prefix, suffix, equals-ignore-case, anything-but,
/// numeric, exists.
/// </summary>
internal sealed class EventFilter
{
    private readonly IReadOnlyList<JsonObject> _patterns;

    private EventFilter(IReadOnlyList<JsonObject> patterns) => _patterns = patterns;

    /// <exception cref="RunnerException">A pattern is not a JSON object, or has an operator that is unknown here.</exception>
    public static EventFilter Parse(IEnumerable<string> patterns)
    {
        var parsed = new List<JsonObject>();
        foreach (var pattern in patterns)
        {
            try
            {
                var tree = JsonNode.Parse(pattern)!.AsObject();
                Check(tree, pattern);
                parsed.Add(tree);
            }
            catch (Exception exception) when (exception is JsonException or InvalidOperationException)
            {
                throw new RunnerException($"The filter pattern {pattern} is not a JSON object.", exception);
            }
        }

        return new EventFilter(parsed);
    }

    public bool Passes(JsonObject record) => _patterns.Count == 0 || _patterns.Any(pattern => Matches(pattern, record));

    private static void Check(JsonObject tree, string pattern)
    {
        foreach (var (key, node) in tree)
        {
            switch (node)
            {
                case JsonObject child:
                    Check(child, pattern);
                    break;
                case JsonArray { Count: > 0 } alternatives:
                    foreach (var alternative in alternatives.OfType<JsonObject>())
                    {
                        var name = alternative.Count == 1 ? alternative.First().Key : "";
                        if (name is not ("prefix" or "suffix" or "equals-ignore-case" or "anything-but" or "numeric" or "exists"))
                        {
                            throw new RunnerException($"The filter pattern {pattern} has an operator at '{key}' that is not supported here.");
                        }
                    }

                    break;
                default:
                    throw new RunnerException($"The filter pattern {pattern} must have a list or a map at '{key}'.");
            }
        }
    }

    private static bool Matches(JsonObject pattern, JsonObject? record) => pattern.All(entry =>
    {
        JsonNode? value = null;
        var isPresent = record is not null && record.TryGetPropertyValue(entry.Key, out value);
        return entry.Value switch
        {
            JsonObject child => Matches(child, value as JsonObject),
            JsonArray alternatives => alternatives.Any(alternative => MatchesAny(alternative, value, isPresent)),
            _ => false,
        };
    });

    // A list in the record matches when one of its elements does.
    private static bool MatchesAny(JsonNode? alternative, JsonNode? value, bool isPresent) =>
        value is JsonArray list ? list.Any(item => Matches(alternative, item, isPresent: true)) : Matches(alternative, value, isPresent);

    private static bool Matches(JsonNode? alternative, JsonNode? value, bool isPresent)
    {
        if (alternative is not JsonObject operation)
        {
            return isPresent && SameValue(alternative, value);
        }

        var (name, argument) = operation.First();
        return name switch
        {
            // Only leaves exist, for the service: an object does not count.
            "exists" => argument!.GetValue<bool>() == (isPresent && value is not JsonObject),
            "prefix" => Text(value)?.StartsWith(argument!.GetValue<string>(), StringComparison.Ordinal) == true,
            "suffix" => Text(value)?.EndsWith(argument!.GetValue<string>(), StringComparison.Ordinal) == true,
            "equals-ignore-case" => string.Equals(Text(value), argument!.GetValue<string>(), StringComparison.OrdinalIgnoreCase),
            "anything-but" => isPresent && !AnyOf(argument, value),
            "numeric" => Number(value) is { } number && InRange((JsonArray)argument!, number),
            _ => false,
        };
    }

    private static bool AnyOf(JsonNode? argument, JsonNode? value) => argument switch
    {
        JsonArray list => list.Any(item => SameValue(item, value)),
        JsonObject operation => Matches(operation, value, isPresent: true),
        _ => SameValue(argument, value),
    };

    private static bool SameValue(JsonNode? expected, JsonNode? value) =>
        expected is null ? value is null
        : Text(expected) is { } text ? Text(value) == text
        : Number(expected) is { } number ? Number(value) == number
        : JsonNode.DeepEquals(expected, value);

    private static bool InRange(JsonArray conditions, decimal number) => conditions.Chunk(2).All(condition =>
    {
        var limit = Number(condition[1]) ?? 0;
        return condition[0]!.GetValue<string>() switch
        {
            "=" => number == limit,
            "<" => number < limit,
            "<=" => number <= limit,
            ">" => number > limit,
            ">=" => number >= limit,
            _ => false,
        };
    });

    private static string? Text(JsonNode? node) =>
        node?.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : null;

    private static decimal? Number(JsonNode? node) =>
        node?.GetValueKind() == JsonValueKind.Number
        && decimal.TryParse(node.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;
}
