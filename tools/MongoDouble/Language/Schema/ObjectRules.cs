using System.Text.RegularExpressions;
using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Schema;

internal static class ObjectRules
{
    public static SchemaRule Required(BsonArray names)
    {
        if (names.Count == 0)
        {
            throw Errors.FailedToParse("$jsonSchema keyword 'required' cannot be an empty array");
        }
        if (names.FirstOrDefault(name => name is not BsonString) is { } wrong)
        {
            throw Errors.TypeMismatch(
                $"$jsonSchema keyword 'required' must be an array of strings, but found an element of type: {BsonTypes.Name(wrong)}");
        }
        return new("required", value =>
        {
            if (value is not BsonDocument document || names.All(name => document.Contains(name.AsString)))
            {
                return null;
            }
            return Details.Of("required")
                .Add("specifiedAs", new BsonDocument("required", names))
                .Add("missingProperties", new BsonArray(names.Where(name => !document.Contains(name.AsString))));
        });
    }

    public static SchemaRule Properties(BsonDocument properties)
    {
        var schemas = properties.Select(property => (property.Name, Schema: JsonSchema.Parse(property.Value))).ToList();
        return new("properties", value =>
        {
            if (value is not BsonDocument document)
            {
                return null;
            }
            var broken = new BsonArray();
            foreach (var (name, schema) in schemas)
            {
                if (document.TryGetValue(name, out var property) && schema.Unsatisfied(property) is { Count: > 0 } details)
                {
                    broken.Add(schema.Annotate(new("propertyName", name)).Add("details", details));
                }
            }
            return broken.Count == 0 ? null : Details.Of("properties").Add("propertiesNotSatisfied", broken);
        });
    }

    public static SchemaRule PatternProperties(BsonDocument patterns)
    {
        var schemas = patterns.Select(
            pattern => (Pattern: pattern.Name, Regex: Regexes.Compile(pattern.Name, ""), Schema: JsonSchema.Parse(pattern.Value))).ToList();
        return new("patternProperties", value =>
        {
            if (value is not BsonDocument document)
            {
                return null;
            }
            var broken = new BsonArray();
            foreach (var (pattern, regex, schema) in schemas)
            {
                foreach (var property in document.Where(property => regex.IsMatch(property.Name)))
                {
                    if (schema.Unsatisfied(property.Value) is { Count: > 0 } details)
                    {
                        broken.Add(new BsonDocument { { "propertyName", property.Name }, { "regexMatched", pattern }, { "details", details } });
                    }
                }
            }
            return broken.Count == 0 ? null : Details.Of("patternProperties").Add("details", broken);
        });
    }

    /// <summary>
    /// What is asked of the fields that neither <c>properties</c> nor <c>patternProperties</c> names. The <c>_id</c> is one of them.
    /// </summary>
    public static SchemaRule AdditionalProperties(BsonDocument schema, BsonValue operand)
    {
        var named = schema.TryGetValue("properties", out var properties) && properties is BsonDocument fields ? fields.Names.ToHashSet() : [];
        Regex[] patterns = schema.TryGetValue("patternProperties", out var matched) && matched is BsonDocument list
            ? [.. list.Names.Select(pattern => Regexes.Compile(pattern, ""))]
            : [];
        var inner = operand switch
        {
            BsonBoolean => null,
            BsonDocument document => JsonSchema.Parse(document),
            _ => throw Errors.TypeMismatch(
                $"$jsonSchema keyword 'additionalProperties' must be either an object or a boolean, but got a {BsonTypes.Name(operand)}"),
        };
        bool IsNamed(string name) => named.Contains(name) || Array.Exists(patterns, regex => regex.IsMatch(name));
        return new("additionalProperties", value => value is BsonDocument document
            ? Additional([.. document.Where(field => !IsNamed(field.Name))], operand, inner)
            : null);
    }

    public static SchemaRule Count(string keyword, int limit, bool least) => new(keyword, value =>
        value is not BsonDocument document || (least ? document.ElementCount >= limit : document.ElementCount <= limit)
            ? null
            : Details.Reason(keyword, limit, "specified number of properties was not satisfied", value)
                .Add("numberOfProperties", document.ElementCount));

    private static BsonDocument? Additional(List<BsonElement> fields, BsonValue operand, JsonSchema? schema)
    {
        var details = Details.Of("additionalProperties").Add("specifiedAs", new BsonDocument("additionalProperties", operand));
        if (schema is null)
        {
            return operand.AsBoolean || fields.Count == 0
                ? null
                : details.Add("additionalProperties", new BsonArray(fields.Select(field => field.Name)));
        }
        foreach (var field in fields)
        {
            if (schema.Unsatisfied(field.Value) is { Count: > 0 } inner)
            {
                return details
                    .Add("reason", "at least one additional property did not match the subschema")
                    .Add("nonMatchingProperty", field.Name)
                    .Add("details", inner);
            }
        }
        return null;
    }
}
