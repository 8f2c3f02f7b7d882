using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Expressions;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Aggregation;

/// <summary>The accumulators that keep one or a few of a group: by their place, by value, or by a sort.</summary>
internal static class SomeOf
{
    private static readonly Expression Root = Expression.Parse("$$ROOT");

    public static AccumulatorDefinition Parse(string name, BsonValue operand)
    {
        if (operand is not BsonDocument document)
        {
            throw Errors.Location(5787900, $"specification must be an object; found {name}: {Text.Of(operand)}");
        }
        var many = name.EndsWith('N');
        var sorts = name is "$top" or "$bottom" or "$topN" or "$bottomN";
        string[] wanted = [.. many ? ["n"] : Array.Empty<string>(), .. sorts ? ["sortBy", "output"] : new[] { "input" }];
        if (document.Names.FirstOrDefault(field => !wanted.Contains(field)) is { } unknown)
        {
            throw Errors.Location(5787901, $"Unknown argument to {name} '{unknown}'");
        }
        if (Array.Find(wanted, field => !document.Contains(field)) is { } missing)
        {
            throw Errors.Location(5787906, $"Missing value for '{missing}'");
        }
        var count = many ? CountOf(document["n"]) : 1;
        return sorts ? BySort(name, document, count, many) : ByValue(name, Expression.Parse(document["input"]), count);
    }

    private static int CountOf(BsonValue n) =>
        Expression.Parse(n) is { IsConstant: true } constant
        && Numbers.TryWhole(constant.Evaluate([], new Evaluation(DateTime.UnixEpoch)), out var count) && count is > 0 and <= int.MaxValue
            ? (int)count
            : throw Errors.Location(5787908, $"'n' must be greater than 0, found {Text.Of(n)}");

    private static AccumulatorDefinition ByValue(string name, Expression input, int count) => new(input, () => new ListAccumulator(values =>
    {
        var present = values.Where(value => !BsonTypes.IsNullish(value));
        return new BsonArray(name switch
        {
            "$firstN" => values.Take(count).Select(value => value ?? BsonNull.Value),
            "$lastN" => values.TakeLast(count).Select(value => value ?? BsonNull.Value),
            "$minN" => present.Order(ValueOrder.Instance).Take(count),
            _ => present.OrderDescending(ValueOrder.Instance).Take(count),
        });
    }));

    private static AccumulatorDefinition BySort(string name, BsonDocument document, int count, bool many)
    {
        var order = SortOrder.Parse(document["sortBy"] as BsonDocument
            ?? throw Errors.Location(10065, "invalid parameter: expected an object (sortBy)"));
        var output = Expression.Parse(document["output"]);
        var both = new Expression(scope => new BsonArray { Root.Evaluate(scope), output.Evaluate(scope) ?? BsonNull.Value });
        return new(both, () => new ListAccumulator(values =>
        {
            var sorted = values.Select(value => value!.AsBsonArray).OrderBy(pair => pair[0].AsBsonDocument, order);
            var chosen = (name.StartsWith("$top", StringComparison.Ordinal) ? sorted.Take(count) : sorted.TakeLast(count)).Select(pair => pair[1]);
            return many ? new BsonArray(chosen) : chosen.FirstOrDefault() ?? BsonNull.Value;
        }));
    }
}
