using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Expressions;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Aggregation;

/// <summary>One output of <c>$setWindowFields</c>: its value for each document of a sorted partition.</summary>
internal sealed class WindowFunction
{
    private readonly Func<IReadOnlyList<Scope>, IReadOnlyList<BsonValue>> _over;

    private WindowFunction(Func<IReadOnlyList<Scope>, IReadOnlyList<BsonValue>> over) => _over = over;

    public static WindowFunction Parse(BsonDocument specification, SortOrder? order)
    {
        var operators = specification.Where(field => field.Name.StartsWith('$')).ToList();
        if (operators.Count != 1 || specification.Names.Any(name => name != "window" && name != operators[0].Name))
        {
            throw Errors.FailedToParse("Window function found an unknown argument, or not exactly one function");
        }
        var (name, operand) = (operators[0].Name, operators[0].Value);
        if (name is "$documentNumber" or "$rank" or "$denseRank")
        {
            return Rank(name, operand, specification, order ?? throw Errors.Location(
                5371602, $"{name} must be specified with a top level sortBy expression"));
        }
        var definition = AccumulatorDefinition.Parse(name, operand)
            ?? throw Errors.FailedToParse($"Unrecognized window function, {name}");
        var (lower, upper) = specification.TryGetValue("window", out var window) ? Window(Errors.Document(window, "window")) : (null, null);
        if ((lower is not null || upper is not null) && order is null)
        {
            throw Errors.Location(5339901, "Document-based bounds require a sortBy");
        }
        return new(scopes => lower is null ? Growing(definition, scopes, upper) : Moving(definition, scopes, lower.Value, upper));
    }

    public IReadOnlyList<BsonValue> Over(IReadOnlyList<Scope> scopes) => _over(scopes);

    private static WindowFunction Rank(string name, BsonValue operand, BsonDocument specification, SortOrder order)
    {
        if (operand is not BsonDocument { ElementCount: 0 })
        {
            throw Errors.Location(5371603, $"{name} must be specified with '{{}}' as the value");
        }
        if (specification.Contains("window"))
        {
            throw Errors.Location(5371601, $"Rank style window functions take no other arguments");
        }
        return new(scopes =>
        {
            var ranks = new List<BsonValue>();
            var rank = 0;
            for (var i = 0; i < scopes.Count; i++)
            {
                var next = name == "$documentNumber" || i == 0 || order.Compare(scopes[i - 1].Root, scopes[i].Root) != 0;
                rank = !next ? rank : name == "$rank" ? i + 1 : rank + 1;
                ranks.Add(new BsonInt32(rank));
            }
            return ranks;
        });
    }

    /// <summary>The ends of a window as distances from the current document; null is unbounded.</summary>
    private static (long? Lower, long? Upper) Window(BsonDocument window)
    {
        if (window.Contains("range") || window.Contains("unit"))
        {
            throw Errors.NotInDouble("windows of $setWindowFields by range");
        }
        if (!window.TryGetValue("documents", out var documents) || documents is not BsonArray { Count: 2 } bounds)
        {
            throw Errors.FailedToParse("Window bounds must be a 2-element array");
        }
        var (lower, upper) = (End(bounds[0]), End(bounds[1]));
        return lower > upper
            ? throw Errors.Location(5339900, $"Lower bound must not exceed upper bound: {Text.Of(bounds)}")
            : (lower, upper);
    }

    private static long? End(BsonValue bound) => bound switch
    {
        BsonString { Value: "unbounded" } => null,
        BsonString { Value: "current" } => 0,
        _ => Numbers.TryWhole(bound, out var distance) && Math.Abs(distance) <= int.MaxValue ? distance : throw Errors.FailedToParse(
            $"Window bounds expression must be 'unbounded', 'current', or an integer: {Text.Of(bound)}"),
    };

    /// <summary>A window from the first document on takes each document once.</summary>
    private static List<BsonValue> Growing(AccumulatorDefinition definition, IReadOnlyList<Scope> scopes, long? upper)
    {
        var accumulator = definition.Create();
        var results = new List<BsonValue>();
        var taken = 0;
        for (var i = 0; i < scopes.Count; i++)
        {
            for (; taken < scopes.Count && (upper is null || taken <= i + upper); taken++)
            {
                accumulator.Add(definition.Input.Evaluate(scopes[taken]));
            }
            results.Add(accumulator.Result());
        }
        return results;
    }

    private static List<BsonValue> Moving(AccumulatorDefinition definition, IReadOnlyList<Scope> scopes, long lower, long? upper)
    {
        var results = new List<BsonValue>();
        for (var i = 0; i < scopes.Count; i++)
        {
            var accumulator = definition.Create();
            for (var j = Math.Max(0, i + lower); j < scopes.Count && (upper is null || j <= i + upper); j++)
            {
                accumulator.Add(definition.Input.Evaluate(scopes[(int)j]));
            }
            results.Add(accumulator.Result());
        }
        return results;
    }
}
