using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Schema;

/// <summary>Parses the keywords of a schema.</summary>
internal static class SchemaKeywords
{
    private static readonly string[] Unsupported = ["$ref", "$schema", "default", "definitions", "format", "id"];

    public static IEnumerable<SchemaRule> Rules(BsonDocument schema)
    {
        if (schema.Contains("type") && schema.Contains("bsonType"))
        {
            throw Errors.FailedToParse("Cannot specify both $jsonSchema keywords 'type' and 'bsonType'");
        }
        foreach (var (bound, exclusive) in new[] { ("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum") })
        {
            if (schema.Contains(exclusive) && !schema.Contains(bound))
            {
                throw Errors.FailedToParse($"$jsonSchema keyword '{bound}' must be a present if {exclusive} is present");
            }
        }
        return schema.Select(field => Rule(schema, field.Name, field.Value)).OfType<SchemaRule>().ToList();
    }

    private static SchemaRule? Rule(BsonDocument schema, string name, BsonValue operand) => name switch
    {
        "type" or "bsonType" => ValueRules.Type(name, operand),
        "enum" => ValueRules.Enum(operand),
        "minimum" => ValueRules.Limit(name, operand, Exclusive(schema, "exclusiveMinimum"), -1),
        "maximum" => ValueRules.Limit(name, operand, Exclusive(schema, "exclusiveMaximum"), 1),
        "exclusiveMinimum" or "exclusiveMaximum" => null,
        "multipleOf" => ValueRules.MultipleOf(operand),
        "minLength" => ValueRules.Length(name, Count(name, operand), least: true),
        "maxLength" => ValueRules.Length(name, Count(name, operand), least: false),
        "pattern" => ValueRules.Pattern(Of<BsonString>(name, operand)),
        "minItems" => ArrayRules.Count(name, Count(name, operand), least: true),
        "maxItems" => ArrayRules.Count(name, Count(name, operand), least: false),
        "uniqueItems" => Of<BsonBoolean>(name, operand).Value ? ArrayRules.Unique() : null,
        "items" => ArrayRules.Items(operand),
        "additionalItems" => throw Errors.NotInDouble("the keyword additionalItems of $jsonSchema"),
        "required" => ObjectRules.Required(Of<BsonArray>(name, operand)),
        "properties" => ObjectRules.Properties(Of<BsonDocument>(name, operand)),
        "patternProperties" => ObjectRules.PatternProperties(Of<BsonDocument>(name, operand)),
        "additionalProperties" => ObjectRules.AdditionalProperties(schema, operand),
        "minProperties" => ObjectRules.Count(name, Count(name, operand), least: true),
        "maxProperties" => ObjectRules.Count(name, Count(name, operand), least: false),
        "dependencies" or "encrypt" or "encryptMetadata" => throw Errors.NotInDouble($"the keyword {name} of $jsonSchema"),
        "allOf" or "anyOf" or "oneOf" => CombiningRules.Of(name, Of<BsonArray>(name, operand)),
        "not" => CombiningRules.Not(Of<BsonDocument>(name, operand)),
        "title" or "description" => Annotation(name, operand),
        _ when Unsupported.Contains(name) => throw Errors.FailedToParse($"$jsonSchema keyword '{name}' is not currently supported"),
        _ => throw Errors.FailedToParse($"Unknown $jsonSchema keyword: {name}"),
    };

    private static SchemaRule? Annotation(string name, BsonValue operand)
    {
        Of<BsonString>(name, operand);
        return null;
    }

    private static bool Exclusive(BsonDocument schema, string name) =>
        schema.TryGetValue(name, out var value) && Of<BsonBoolean>(name, value).Value;

    private static T Of<T>(string name, BsonValue operand)
        where T : BsonValue => operand as T ?? throw Errors.TypeMismatch(
            $"$jsonSchema keyword '{name}' must be {typeof(T).Name switch
            {
                nameof(BsonString) => "a string",
                nameof(BsonArray) => "an array",
                nameof(BsonBoolean) => "a boolean",
                _ => "an object",
            }}, but found an element of type {BsonTypes.Name(operand)}");

    private static int Count(string name, BsonValue operand)
    {
        if (!BsonTypes.IsNumber(operand))
        {
            throw Errors.TypeMismatch($"$jsonSchema keyword '{name}' must be a number");
        }
        return Numbers.TryWhole(operand, out var whole) && whole is >= 0 and <= int.MaxValue
            ? (int)whole
            : throw Errors.FailedToParse($"Expected a non-negative integer in: {name}: {Text.Of(operand)}");
    }
}
