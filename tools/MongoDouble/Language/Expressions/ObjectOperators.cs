using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Expressions;

internal static class ObjectOperators
{
    private static readonly NamedArguments GetArguments = new(["field"], ["input"], 3041701, 3041701, 3041702);
    private static readonly NamedArguments SetArguments = new(["field", "input", "value"], [], 4161100, 4161101, 4161102);
    private static readonly NamedArguments UnsetArguments = new(["field", "input"], [], 4161100, 4161101, 4161109);

    public static IEnumerable<KeyValuePair<string, OperatorParser>> All =>
    [
        Operator.Fixed("$objectToArray", 1, ToArray),
        Operator.Fixed("$arrayToObject", 1, FromArray),
        Operator.Variadic("$mergeObjects", Merge),
        Operator.Custom("$getField", Get),
        Operator.Custom("$setField", (operand, names) => Set("$setField", SetArguments, operand, names)),
        Operator.Custom("$unsetField", (operand, names) => Set("$unsetField", UnsetArguments, operand, names)),
    ];

    /// <summary>The fields of all documents, the later ones winning; null and missing count as nothing.</summary>
    public static BsonDocument Merge(IEnumerable<BsonValue?> values)
    {
        var merged = new BsonDocument();
        foreach (var value in values.Where(value => !BsonTypes.IsNullish(value)))
        {
            merged.Merge(
                value as BsonDocument ?? throw Errors.Location(
                    40400, $"$mergeObjects requires object inputs, but input {Text.Of(value)} is of type {BsonTypes.Name(value)}"),
                overwriteExistingElements: true);
        }
        return merged;
    }

    private static BsonValue Merge(BsonValue?[] values) => Merge(values is [BsonArray array] ? array : values.AsEnumerable());

    private static BsonValue ToArray(BsonValue?[] values) => values[0] switch
    {
        null or BsonNull or BsonUndefined => BsonNull.Value,
        BsonDocument document => new BsonArray(document.Select(field => new BsonDocument { { "k", field.Name }, { "v", field.Value } })),
        var other => throw Errors.Location(40390, $"$objectToArray requires a document input, found: {BsonTypes.Name(other)}"),
    };

    private static BsonValue FromArray(BsonValue?[] values)
    {
        if (BsonTypes.IsNullish(values[0]))
        {
            return BsonNull.Value;
        }
        var array = values[0] as BsonArray
            ?? throw Errors.Location(40386, $"$arrayToObject requires an array input, found: {BsonTypes.Name(values[0])}");
        var document = new BsonDocument();
        foreach (var item in array)
        {
            var (key, value) = Pair(item);
            document[key] = value;
        }
        return document;
    }

    private static (string Key, BsonValue Value) Pair(BsonValue item)
    {
        switch (item)
        {
            case BsonArray { Count: 2 } pair:
                return (pair[0] as BsonString is { } name
                    ? name.Value
                    : throw Errors.Location(
                        40395, "$arrayToObject requires an array of key-value pairs, where the key must be of type string. Found key type: "
                        + BsonTypes.Name(pair[0])),
                    pair[1]);
            case BsonArray pair:
                throw Errors.Location(
                    40397, $"$arrayToObject requires an array of size 2 arrays,found array of size: {pair.Count}");
            case BsonDocument { ElementCount: 2 } pair when pair.Contains("k") && pair.Contains("v"):
                return (pair["k"] as BsonString is { } key
                    ? key.Value
                    : throw Errors.Location(
                        40394, "$arrayToObject requires an object with keys 'k' and 'v', where the value of 'k' must be of type string. Found type: "
                        + BsonTypes.Name(pair["k"])),
                    pair["v"]);
            case BsonDocument pair:
                throw Errors.Location(
                    40392, $"$arrayToObject requires an object keys of 'k' and 'v'. Found incorrect number of keys:{pair.ElementCount}");
            default:
                throw Errors.Location(40398, $"Unrecognised input type format for $arrayToObject: {BsonTypes.Name(item)}");
        }
    }

    private static Expression Get(BsonValue operand, Names? names)
    {
        var full = operand is BsonDocument && !ExpressionParser.IsOperator(operand);
        var named = full ? GetArguments.Read("$getField", operand) : null;
        var field = FieldName("$getField", 5654601, 5654602, named?["field"] ?? operand, names);
        var input = ExpressionParser.Parse(named?.GetValueOrDefault("input") ?? "$$CURRENT", names);
        return new(scope => input.Evaluate(scope) switch
        {
            BsonDocument document => document.TryGetValue(field, out var value) ? value : null,
            BsonNull or BsonUndefined => BsonNull.Value,
            _ => null,
        });
    }

    private static Expression Set(string name, NamedArguments shape, BsonValue operand, Names? names)
    {
        var named = shape.Read(name, operand);
        var field = FieldName(name, 4161106, 4161107, named["field"], names);
        var input = ExpressionParser.Parse(named["input"], names);
        var value = named.TryGetValue("value", out var given) ? ExpressionParser.Parse(given, names) : null;
        return new(scope =>
        {
            var source = input.Evaluate(scope);
            if (BsonTypes.IsNullish(source))
            {
                return BsonNull.Value;
            }
            var document = source as BsonDocument
                ?? throw Errors.Location(4161105, $"{name} requires 'input' to evaluate to type Object");
            var result = new BsonDocument(document);
            if (value?.Evaluate(scope) is { } found)
            {
                result[field] = found;
            }
            else
            {
                result.Remove(field);
            }
            return result;
        });
    }

    /// <summary>A field's name, which has to be a constant: a string, or <c>$literal</c> for one that begins with a dollar.</summary>
    private static string FieldName(string name, int noConstant, int noString, BsonValue specification, Names? names) =>
        ExpressionParser.Parse(specification, names) switch
        {
            { Literal: BsonString text } => text.Value,
            { IsConstant: true } => throw Errors.Location(noString, $"{name} requires 'field' to evaluate to type String"),
            _ => throw Errors.Location(
                noConstant, $"{name} requires 'field' to evaluate to a constant, but got a non-constant argument. If you are referring to "
                + "a field path prefixed by '$', please use $literal."),
        };
}
