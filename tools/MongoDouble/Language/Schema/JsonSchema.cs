using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Schema;

/// <summary>A schema of <c>$jsonSchema</c>: draft 4 with the server's own <c>bsonType</c>.</summary>
internal sealed class JsonSchema
{
    private readonly SchemaRule[] _rules;
    private readonly BsonDocument _specification;

    private JsonSchema(BsonDocument specification, SchemaRule[] rules) => (_specification, _rules) = (specification, rules);

    public static JsonSchema Parse(BsonValue specification) => specification is BsonDocument document
        ? new(document, [.. SchemaKeywords.Rules(document)])
        : throw Errors.TypeMismatch($"$jsonSchema must be an object, but found an element of type {BsonTypes.Name(specification)}");

    public bool Allows(BsonValue value) => Array.TrueForAll(_rules, rule => rule.Unsatisfied(value) is null);

    /// <summary>What the server tells of each rule that a value breaks; empty where it breaks none.</summary>
    public BsonArray Unsatisfied(BsonValue value) => new(_rules.Select(rule => rule.Unsatisfied(value)).Where(details => details is not null));

    /// <summary>Title and description, which the server repeats to those who break the schema.</summary>
    public BsonDocument Annotate(BsonDocument details)
    {
        foreach (var name in new[] { "title", "description" })
        {
            if (_specification.TryGetValue(name, out var text))
            {
                details.Add(name, text);
            }
        }
        return details;
    }
}
