using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Expressions;

namespace Relaybox.MongoDouble.Language.Filters;

/// <summary>A comparison within <c>$expr</c> of a field with what is one value for the whole command.</summary>
internal sealed record FieldComparison(string Field, string Operator, Expression Constant)
{
    private static readonly Dictionary<string, string> Mirrored = new()
    {
        ["$eq"] = "$eq",
        ["$gt"] = "$lt",
        ["$gte"] = "$lte",
        ["$lt"] = "$gt",
        ["$lte"] = "$gte",
    };

    public static IEnumerable<FieldComparison> Among(BsonValue specification)
    {
        if (specification is not BsonDocument { ElementCount: 1 } call)
        {
            return [];
        }
        var (name, operand) = (call.GetElement(0).Name, call.GetElement(0).Value);
        if (name == "$and")
        {
            return operand is BsonArray parts ? parts.SelectMany(Among) : Among(operand);
        }
        if (!Mirrored.TryGetValue(name, out var mirrored) || operand is not BsonArray { Count: 2 } sides)
        {
            return [];
        }
        return (Expression.Parse(sides[0]), Expression.Parse(sides[1])) switch
        {
            ({ Field: { } field }, { IsConstant: true } constant) => [new(field, name, constant)],
            ({ IsConstant: true } constant, { Field: { } field }) => [new(field, mirrored, constant)],
            _ => [],
        };
    }
}
