using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Outbox;

/// <summary>
/// A schema, such as docs/row-contract.schema.json, with the keywords that ours use and no others: a keyword that this does not know is
/// an error, so that none goes unchecked.
/// </summary>
/// <param name="root">The schema.</param>
internal sealed class RowContractSchema(JsonObject root)
{
    private static readonly string[] Annotations =
        ["$schema", "$id", "$defs", "title", "description", "contentMediaType", "contentSchema", "format"];

    // What relaxed Extended JSON writes as an object although it is none.
    private static readonly Dictionary<string, string> WrittenAsObjects = new()
    {
        ["$date"] = "date", ["$oid"] = "objectId", ["$binary"] = "binData", ["$numberDecimal"] = "decimal",
    };

    internal JsonObject Root => root;

    /// <summary>The documented one.</summary>
    internal static RowContractSchema Read() =>
        new(JsonNode.Parse(File.ReadAllText(RepositoryRoot.Combine("docs", "row-contract.schema.json")))!.AsObject());

    internal JsonObject Definition(string name) => root["$defs"]![name]!.AsObject();

    internal string[] PropertiesOf(string definition) => [.. Definition(definition)["properties"]!.AsObject().Select(property => property.Key)];

    internal bool Accepts(string definition, JsonNode? value) => Holds(Definition(definition), value);

    /// <summary>Whether a document keeps the whole schema.</summary>
    internal bool Accepts(JsonNode? value) => Holds(root, value);

    private bool Holds(JsonNode schema, JsonNode? value) =>
        schema.GetValueKind() switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => schema.AsObject().All(keyword => Holds(schema.AsObject(), keyword.Key, keyword.Value!, value)),
        };

    private bool Holds(JsonObject schema, string keyword, JsonNode argument, JsonNode? value) => keyword switch
    {
        _ when Annotations.Contains(keyword) => true,
        "$ref" => Holds(Definition(Text(argument)["#/$defs/".Length..]), value),
        "anyOf" => argument.AsArray().Any(option => Holds(option!, value)),
        "not" => !Holds(argument, value),
        "const" => JsonNode.DeepEquals(argument, value),
        "type" => argument is JsonArray types ? types.Any(type => IsOfType(value, Text(type!))) : IsOfType(value, Text(argument)),
        "bsonType" => argument is JsonArray types
            ? types.Any(type => IsOfBsonType(value, Text(type!))) : IsOfBsonType(value, Text(argument)),
        "minLength" => value is null || !IsText(value) || Length(Text(value)) >= (int)argument,
        "maxLength" => value is null || !IsText(value) || Length(Text(value)) <= (int)argument,
        "pattern" => value is null || !IsText(value) || Regex.IsMatch(Text(value), Text(argument)),
        "minimum" => value?.GetValueKind() != JsonValueKind.Number || Number(value) >= Number(argument),
        "maximum" => value?.GetValueKind() != JsonValueKind.Number || Number(value) <= Number(argument),
        "maxProperties" => value is not JsonObject all || all.Count <= (int)argument,
        "required" => value is not JsonObject owner || argument.AsArray().All(name => owner.ContainsKey(Text(name!))),
        "dependentRequired" => value is not JsonObject owner || argument.AsObject()
            .Where(rule => owner.ContainsKey(rule.Key))
            .All(rule => rule.Value!.AsArray().All(name => owner.ContainsKey(Text(name!)))),
        "properties" => value is not JsonObject owner || argument.AsObject()
            .Where(property => owner.ContainsKey(property.Key))
            .All(property => Holds(property.Value!, owner[property.Key])),
        "additionalProperties" => value is not JsonObject owner || owner
            .Where(property => schema["properties"]?.AsObject().ContainsKey(property.Key) != true)
            .All(property => Holds(argument, property.Value)),
        "propertyNames" => value is not JsonObject owner || owner.All(property => Holds(argument, JsonValue.Create(property.Key))),
        _ => throw new NotSupportedException($"The keyword '{keyword}' is not evaluated."),
    };

    private static bool IsOfType(JsonNode? value, string type) => type switch
    {
        "null" => value is null,
        "string" => value is not null && IsText(value),
        "object" => value is JsonObject,
        "integer" => value?.GetValueKind() == JsonValueKind.Number && decimal.IsInteger(Number(value)),
        _ => throw new NotSupportedException($"The type '{type}' is not evaluated."),
    };

    private static bool IsOfBsonType(JsonNode? value, string type) => type switch
    {
        "null" => value is null,
        "string" => value is not null && IsText(value),
        "int" or "long" or "double" => value?.GetValueKind() == JsonValueKind.Number,
        "object" => value is JsonObject && TypeWrittenAsObject(value) is null,
        "date" => TypeWrittenAsObject(value) == type,
        _ => throw new NotSupportedException($"The BSON type '{type}' is not evaluated."),
    };

    private static string? TypeWrittenAsObject(JsonNode? value) =>
        value is JsonObject { Count: 1 } written ? WrittenAsObjects.GetValueOrDefault(written.Single().Key) : null;

    private static bool IsText(JsonNode value) => value.GetValueKind() == JsonValueKind.String;

    private static decimal Number(JsonNode value) => decimal.Parse(value.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture);

    private static string Text(JsonNode value) => value.GetValue<string>();

    // Characters, not UTF-16 units; half a pair counts as one, as every validator that lets it through has it.
    private static int Length(string text)
    {
        var runes = 0;
        foreach (var _ in text.EnumerateRunes())
        {
            runes++;
        }

        return runes;
    }
}
