using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Expressions;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Aggregation;

/// <summary>An accumulator of <c>$group</c> or <c>$setWindowFields</c>, parsed.</summary>
/// <param name="Input">What it takes of each document.</param>
internal sealed record AccumulatorDefinition(Expression Input, Func<Accumulator> Create)
{
    private static readonly Dictionary<string, Func<IReadOnlyList<BsonValue?>, BsonValue>> Plain = new()
    {
        ["$avg"] = ArithmeticOperators.Average,
        ["$min"] = values => ArithmeticOperators.Extreme(values, -1),
        ["$max"] = values => ArithmeticOperators.Extreme(values, 1),
        ["$first"] = values => (values.Count > 0 ? values[0] : null) ?? BsonNull.Value,
        ["$last"] = values => (values.Count > 0 ? values[^1] : null) ?? BsonNull.Value,
        ["$push"] = values => new BsonArray(values.Where(value => value is not null)),
        ["$addToSet"] = values => new BsonArray(values.Where(value => value is not null).Distinct(ValueOrder.Instance)),
        ["$mergeObjects"] = ObjectOperators.Merge,
    };

    private static readonly string[] NotInDouble =
        ["$accumulator", "$stdDevPop", "$stdDevSamp", "$median", "$percentile", "$covariancePop", "$covarianceSamp", "$derivative", "$expMovingAvg",
        "$integral", "$linearFill", "$locf", "$shift"];

    /// <summary>Null for a name that is no accumulator's.</summary>
    public static AccumulatorDefinition? Parse(string name, BsonValue operand)
    {
        if (NotInDouble.Contains(name))
        {
            throw Errors.NotInDouble($"the accumulator {name}");
        }
        if (Plain.TryGetValue(name, out var finish))
        {
            return new(Single(name, operand), () => new ListAccumulator(finish));
        }
        return name switch
        {
            "$sum" => new(Single(name, operand), () => new SumAccumulator()),
            "$count" => operand is BsonDocument { ElementCount: 0 }
                ? new(Expression.Constant(new BsonInt32(1)), () => new SumAccumulator())
                : throw Errors.Location(15957, "$count takes no arguments, i.e. $count:{}"),
            "$firstN" or "$lastN" or "$maxN" or "$minN" or "$top" or "$bottom" or "$topN" or "$bottomN" => SomeOf.Parse(name, operand),
            _ => null,
        };
    }

    private static Expression Single(string name, BsonValue operand) => operand switch
    {
        BsonArray { Count: 1 } array => Expression.Parse(array[0]),
        BsonArray => throw Errors.Location(40237, $"The {name} accumulator is a unary operator"),
        _ => Expression.Parse(operand),
    };
}
