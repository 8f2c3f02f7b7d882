using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Filters;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Schema;

/// <summary>Rules about types, numbers and strings.</summary>
internal static class ValueRules
{
    public static SchemaRule Type(string keyword, BsonValue operand)
    {
        var types = keyword == "bsonType" ? BsonTypesOf(operand) : JsonTypesOf(operand);
        return new(keyword, value => types.Contains(value.BsonType) ? null : Details.Type(keyword, operand, value));
    }

    public static SchemaRule Enum(BsonValue operand)
    {
        if (operand is not BsonArray { Count: > 0 } array)
        {
            throw operand is BsonArray
                ? Errors.FailedToParse("$jsonSchema keyword 'enum' cannot be an empty array")
                : Errors.TypeMismatch($"$jsonSchema keyword 'enum' must be an array, but found an element of type {BsonTypes.Name(operand)}");
        }
        var values = new HashSet<BsonValue?>(array, ValueOrder.Instance);
        return new("enum", value => values.Contains(value) ? null : Details.Reason("enum", operand, "value was not found in enum", value));
    }

    /// <summary>A least (-1) or greatest (1) number.</summary>
    public static SchemaRule Limit(string keyword, BsonValue operand, bool exclusive, int side)
    {
        if (!BsonTypes.IsNumber(operand))
        {
            throw Errors.TypeMismatch($"$jsonSchema keyword '{keyword}' must be a number, but found an element of type {BsonTypes.Name(operand)}");
        }
        return new(keyword, value =>
        {
            if (!BsonTypes.IsNumber(value))
            {
                return null;
            }
            var beyond = Numbers.Compare(value, operand) * side;
            if (beyond < 0 || (beyond == 0 && !exclusive))
            {
                return null;
            }
            var details = Details.Reason(keyword, operand, "comparison failed", value);
            if (exclusive)
            {
                details["specifiedAs"].AsBsonDocument.Add(keyword == "minimum" ? "exclusiveMinimum" : "exclusiveMaximum", true);
            }
            return details;
        });
    }

    public static SchemaRule MultipleOf(BsonValue operand)
    {
        if (!BsonTypes.IsNumber(operand) || Numbers.Real(operand) <= 0)
        {
            throw Errors.FailedToParse("$jsonSchema keyword 'multipleOf' must have a positive value");
        }
        return new("multipleOf", value => !BsonTypes.IsNumber(value) || (Numbers.IsFinite(value) && Numbers.IsZero(Numbers.Mod(value, operand)))
            ? null
            : Details.Reason("multipleOf", operand, "considered value is not a multiple of the specified value", value));
    }

    /// <summary>A string's length in code points.</summary>
    public static SchemaRule Length(string keyword, int limit, bool least) => new(keyword, value =>
        value is not BsonString text || (least ? Text.Characters(text.Value) >= limit : Text.Characters(text.Value) <= limit)
            ? null
            : Details.Reason(keyword, limit, "specified string length was not satisfied", value));

    public static SchemaRule Pattern(BsonString pattern)
    {
        var regex = Regexes.Compile(pattern.Value, "");
        return new("pattern", value => value is not BsonString text || regex.IsMatch(text.Value)
            ? null
            : Details.Reason("pattern", pattern, "regular expression did not match", value));
    }

    private static HashSet<BsonType> BsonTypesOf(BsonValue operand) => operand switch
    {
        BsonString or BsonArray => [.. TypeSet.Parse(operand)],
        _ => throw Errors.TypeMismatch("$jsonSchema keyword 'bsonType' must be either a string or an array of strings"),
    };

    private static HashSet<BsonType> JsonTypesOf(BsonValue operand) => operand switch
    {
        BsonString name => [.. JsonType(name.Value)],
        BsonArray array when array.All(item => item is BsonString) => [.. array.SelectMany(item => JsonType(item.AsString))],
        _ => throw Errors.TypeMismatch("$jsonSchema keyword 'type' must be either a string or an array of strings"),
    };

    private static BsonType[] JsonType(string name) => name switch
    {
        "array" => [BsonType.Array],
        "boolean" => [BsonType.Boolean],
        "number" => BsonTypes.Numbers,
        "object" => [BsonType.Document],
        "string" => [BsonType.String],
        "null" => [BsonType.Null],
        "integer" => throw Errors.FailedToParse("$jsonSchema type 'integer' is not currently supported."),
        _ => throw Errors.BadValue($"Unknown type name alias: {name}"),
    };
}
