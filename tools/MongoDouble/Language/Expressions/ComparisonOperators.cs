using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Expressions;

/// <summary>Comparisons in the whole order of BSON: no type is set apart, and what is missing is below null.</summary>
internal static class ComparisonOperators
{
    public static IEnumerable<KeyValuePair<string, OperatorParser>> All =>
    [
        Compare("$eq", order => order == 0),
        Compare("$ne", order => order != 0),
        Compare("$gt", order => order > 0),
        Compare("$gte", order => order >= 0),
        Compare("$lt", order => order < 0),
        Compare("$lte", order => order <= 0),
        Operator.Fixed("$cmp", 2, values => new BsonInt32(Math.Sign(ValueOrder.Instance.Compare(values[0], values[1])))),
        Operator.Fixed("$in", 2, In),
    ];

    private static KeyValuePair<string, OperatorParser> Compare(string name, Func<int, bool> test) =>
        Operator.Fixed(name, 2, values => (BsonBoolean)test(ValueOrder.Instance.Compare(values[0], values[1])));

    private static BsonBoolean In(BsonValue?[] values) => values[1] is BsonArray array
        ? array.Contains(values[0], ValueOrder.Instance)
        : throw Errors.Location(40081, $"$in requires an array as a second argument, found: {BsonTypes.Name(values[1])}");
}
