using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Schema;

internal static class ArrayRules
{
    public static SchemaRule Count(string keyword, int limit, bool least) => new(keyword, value =>
        value is not BsonArray array || (least ? array.Count >= limit : array.Count <= limit)
            ? null
            : Details.Reason(keyword, limit, "array did not match specified length", value));

    public static SchemaRule Unique() => new("uniqueItems", value =>
    {
        var seen = new HashSet<BsonValue?>(ValueOrder.Instance);
        return value is BsonArray array && array.FirstOrDefault(item => !seen.Add(item)) is { } twice
            ? Details.Reason("uniqueItems", true, "found a duplicate item", value).Add("duplicatedValue", twice)
            : null;
    });

    /// <summary>One schema for all the items, or a schema for each of the first.</summary>
    public static SchemaRule Items(BsonValue operand)
    {
        if (operand is BsonArray array)
        {
            var schemas = array.Select(JsonSchema.Parse).ToList();
            return new("items", value => value is BsonArray items ? First(items, index => index < schemas.Count ? schemas[index] : null) : null);
        }
        if (operand is not BsonDocument)
        {
            throw Errors.TypeMismatch($"$jsonSchema keyword 'items' must be an array or an object, not {BsonTypes.Name(operand)}");
        }
        var schema = JsonSchema.Parse(operand);
        return new("items", value => value is BsonArray items ? First(items, _ => schema) : null);
    }

    private static BsonDocument? First(BsonArray items, Func<int, JsonSchema?> schemaOf)
    {
        for (var i = 0; i < items.Count; i++)
        {
            if (schemaOf(i)?.Unsatisfied(items[i]) is { Count: > 0 } details)
            {
                return Details.Of("items")
                    .Add("reason", "At least one item did not match the sub-schema")
                    .Add("itemIndex", i)
                    .Add("details", details);
            }
        }
        return null;
    }
}
