using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Expressions;

/// <summary>Arrays taken as sets. The server promises no order of the result; here it is the comparison order.</summary>
internal static class SetOperators
{
    public static IEnumerable<KeyValuePair<string, OperatorParser>> All =>
    [
        Operator.Variadic("$setUnion", values => Combine("$setUnion", 17043, values, (all, next) => all.Union(next, ValueOrder.Instance))),
        Operator.Variadic("$setIntersection", values => Combine(
            "$setIntersection", 17047, values, (all, next) => all.Intersect(next, ValueOrder.Instance))),
        Operator.Fixed("$setDifference", 2, Difference),
        Operator.Variadic("$setEquals", Equal),
        Operator.Fixed("$setIsSubset", 2, values => (BsonBoolean)!Set("$setIsSubset", 17046, values[0])
            .Except(Set("$setIsSubset", 17042, values[1]), ValueOrder.Instance).Any()),
    ];

    private static BsonArray Set(string name, int code, BsonValue? value) => value as BsonArray
        ?? throw Errors.Location(code, $"All operands of {name} must be arrays. One argument is of type: {BsonTypes.Name(value)}");

    private static BsonValue Combine(
        string name, int code, BsonValue?[] values, Func<IEnumerable<BsonValue?>, IEnumerable<BsonValue?>, IEnumerable<BsonValue?>> combine) =>
        Array.Exists(values, BsonTypes.IsNullish)
            ? BsonNull.Value
            : new BsonArray(values.Select(value => (IEnumerable<BsonValue?>)Set(name, code, value)).DefaultIfEmpty([]).Aggregate(combine)
                .Distinct(ValueOrder.Instance).Order(ValueOrder.Instance));

    private static BsonValue Difference(BsonValue?[] values)
    {
        if (BsonTypes.IsNullish(values[0]) || BsonTypes.IsNullish(values[1]))
        {
            return BsonNull.Value;
        }
        var second = new HashSet<BsonValue?>(Set("$setDifference", 17049, values[1]), ValueOrder.Instance);
        return new BsonArray(Set("$setDifference", 17048, values[0]).Where(second.Add));
    }

    private static BsonValue Equal(BsonValue?[] values)
    {
        if (values.Length < 2)
        {
            throw Errors.Location(17045, $"$setEquals needs at least two arguments had: {values.Length}");
        }
        var first = new HashSet<BsonValue?>(Set("$setEquals", 17044, values[0]), ValueOrder.Instance);
        return (BsonBoolean)values.Skip(1).All(value => first.SetEquals(Set("$setEquals", 17044, value)));
    }
}
