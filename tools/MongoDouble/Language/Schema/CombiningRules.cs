using MongoDB.Bson;

namespace Relaybox.MongoDouble.Language.Schema;

/// <summary>Rules that combine schemas.</summary>
internal static class CombiningRules
{
    public static SchemaRule Of(string keyword, BsonArray operands)
    {
        if (operands.Count == 0)
        {
            throw Errors.BadValue($"$jsonSchema keyword '{keyword}' must be a non-empty array");
        }
        var schemas = operands.Select(JsonSchema.Parse).ToList();
        return new(keyword, value =>
        {
            var results = schemas.Select((schema, index) => (Schema: schema, Index: index, Details: schema.Unsatisfied(value))).ToList();
            var satisfied = results.Where(result => result.Details.Count == 0).ToList();
            if (keyword == "allOf" ? satisfied.Count == results.Count : keyword == "anyOf" ? satisfied.Count > 0 : satisfied.Count == 1)
            {
                return null;
            }
            if (keyword == "oneOf" && satisfied.Count > 1)
            {
                return Details.Of(keyword)
                    .Add("reason", "more than one subschema matched")
                    .Add("matchingSchemaIndexes", new BsonArray(satisfied.Select(result => result.Index)));
            }
            return Details.Of(keyword).Add("schemasNotSatisfied", new BsonArray(
                from result in results
                where result.Details.Count > 0
                select result.Schema.Annotate(new("index", result.Index)).Add("details", result.Details)));
        });
    }

    public static SchemaRule Not(BsonDocument operand)
    {
        var schema = JsonSchema.Parse(operand);
        return new("not", value => schema.Allows(value) ? Details.Of("not").Add("reason", "child expression matched") : null);
    }
}
