using MongoDB.Bson;

namespace Relaybox.MongoDouble.Language.Filters;

/// <summary>Reads from a filter what an index over a field can be searched by.</summary>
internal static class BoundsReader
{
    public static IReadOnlyDictionary<string, FieldBounds> Read(Condition condition, Evaluation evaluation)
    {
        var bounds = new Dictionary<string, FieldBounds>();
        foreach (var part in condition.Conjuncts())
        {
            foreach (var (field, found) in OfCondition(part, evaluation))
            {
                bounds[field] = bounds.TryGetValue(field, out var earlier) ? earlier.And(found) : found;
            }
        }
        return bounds;
    }

    private static IEnumerable<(string Field, FieldBounds Bounds)> OfCondition(Condition condition, Evaluation evaluation) => condition switch
    {
        OnField { Predicate: Comparison comparison } on => OfComparison(comparison) is { } bounds ? [(on.Path, bounds)] : [],
        OnField { Predicate: OneOf list } on => list.HasRegexes || list.Values.Any(value => value is BsonArray)
            ? []
            : [(on.Path, FieldBounds.Of(list.Values))],
        OnExpression expression => expression.Comparisons.Select(
            comparison => (comparison.Field, OfExpression(comparison, evaluation))),
        _ => [],
    };

    private static FieldBounds? OfComparison(Comparison comparison)
    {
        var operand = comparison.Operand;
        if (operand is BsonArray)
        {
            return null;
        }
        if (comparison.Name == "$eq")
        {
            return FieldBounds.Of([operand]);
        }
        if (Brackets.Of(operand) is not var (lower, upper))
        {
            return null;
        }
        return comparison.Name switch
        {
            "$lt" => new() { Lower = lower, Upper = new(operand, false) },
            "$lte" => new() { Lower = lower, Upper = new(operand, true) },
            "$gt" => new() { Lower = new(operand, false), Upper = upper },
            _ => new() { Lower = new(operand, true), Upper = upper },
        };
    }

    /// <summary>
    /// Comparisons of <c>$expr</c> are in the whole order of BSON. Indexes hold null for what is missing, which is below null here: so
    /// whatever is below null in the comparison may be null in the index.
    /// </summary>
    private static FieldBounds OfExpression(FieldComparison comparison, Evaluation evaluation)
    {
        var value = comparison.Constant.Evaluate([], evaluation);
        var key = value is null or BsonUndefined ? BsonNull.Value : value;
        var low = key is BsonNull;
        return comparison.Operator switch
        {
            "$eq" => FieldBounds.Of([key]),
            "$lt" => new() { Upper = new(key, low) },
            "$lte" => new() { Upper = new(key, true) },
            "$gt" => new() { Lower = new(key, low && value is not BsonNull) },
            _ => new() { Lower = new(key, true) },
        };
    }
}
