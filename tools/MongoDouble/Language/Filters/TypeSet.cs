using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Filters;

/// <summary>The operand of <c>$type</c>: a name, a number, <c>number</c>, or an array of these.</summary>
internal static class TypeSet
{
    public static IReadOnlySet<BsonType> Parse(BsonValue operand)
    {
        if (operand is not BsonArray array)
        {
            return new HashSet<BsonType>(One(operand));
        }
        return array.Count == 0
            ? throw Errors.FailedToParse("$type must match at least one type")
            : new HashSet<BsonType>(array.SelectMany(One));
    }

    private static IEnumerable<BsonType> One(BsonValue operand) => operand switch
    {
        BsonString { Value: "number" } => BsonTypes.Numbers,
        BsonString { Value: var name } => [BsonTypes.Find(name) ?? throw Errors.BadValue($"Unknown type name alias: {name}")],
        _ when !BsonTypes.IsNumber(operand) => throw Errors.TypeMismatch("type must be represented as a number or a string"),
        _ when Numbers.TryWhole(operand, out var number) =>
            [BsonTypes.Find(number) ?? throw Errors.BadValue($"Invalid numerical type code: {Text.Of(operand)}")],
        _ => throw Errors.BadValue($"Invalid numerical type code: {Text.Of(operand)}"),
    };
}
