using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Expressions;

/// <summary>Operators that evaluate an expression for each element of an array.</summary>
internal static class IterationOperators
{
    private static readonly NamedArguments MapArguments = new(["input", "in"], ["as"], 16878, 16879, 16880);
    private static readonly NamedArguments FilterArguments = new(["input", "cond"], ["as", "limit"], 28646, 28647, 28648);
    private static readonly NamedArguments ReduceArguments = new(["input", "initialValue", "in"], [], 40075, 40076, 40077);

    public static IEnumerable<KeyValuePair<string, OperatorParser>> All =>
    [
        Operator.Custom("$map", Map),
        Operator.Custom("$filter", Filter),
        Operator.Custom("$reduce", Reduce),
        Operator.Variadic("$allElementsTrue", values => Elements("$allElementsTrue", 17040, values[0]).All(Expression.Truth) ? true : false),
        Operator.Variadic("$anyElementTrue", values => Elements("$anyElementTrue", 17041, values[0]).Any(Expression.Truth) ? true : false),
    ];

    private static BsonArray Elements(string name, int code, BsonValue? value) => value as BsonArray
        ?? throw Errors.Location(code, $"{name}'s argument must be an array, but is {BsonTypes.Name(value)}");

    private static Expression Map(BsonValue operand, Names? names)
    {
        var named = MapArguments.Read("$map", operand);
        var input = ExpressionParser.Parse(named["input"], names);
        var (name, inner) = Bind(named, names);
        var body = ExpressionParser.Parse(named["in"], inner);
        return new(scope => Input("$map", 16883, input.Evaluate(scope)) is { } array
            ? new BsonArray(array.Select(item => body.Evaluate(scope.With(name, item)) ?? BsonNull.Value))
            : BsonNull.Value);
    }

    private static Expression Filter(BsonValue operand, Names? names)
    {
        var named = FilterArguments.Read("$filter", operand);
        var input = ExpressionParser.Parse(named["input"], names);
        var limit = named.TryGetValue("limit", out var most) ? ExpressionParser.Parse(most, names) : null;
        var (name, inner) = Bind(named, names);
        var condition = ExpressionParser.Parse(named["cond"], inner);
        return new(scope => Input("$filter", 28651, input.Evaluate(scope)) is { } array
            ? new BsonArray(array.Where(item => condition.IsTrue(scope.With(name, item))).Take(Limit(limit?.Evaluate(scope))))
            : BsonNull.Value);
    }

    private static int Limit(BsonValue? value) => value switch
    {
        null or BsonNull or BsonUndefined => int.MaxValue,
        _ when Numbers.TryWhole(value, out var whole) && whole is <= int.MaxValue and >= int.MinValue => whole > 0
            ? (int)whole
            : throw Errors.Location(327392, $"$filter: limit must be greater than 0: {whole}"),
        _ => throw Errors.Location(327391, $"$filter: limit must be represented as a 32-bit integral value: {Text.Of(value)}"),
    };

    private static Expression Reduce(BsonValue operand, Names? names)
    {
        var named = ReduceArguments.Read("$reduce", operand);
        var input = ExpressionParser.Parse(named["input"], names);
        var initial = ExpressionParser.Parse(named["initialValue"], names);
        var body = ExpressionParser.Parse(named["in"], Names.Add(Names.Add(names, "this"), "value"));
        return new(scope =>
        {
            var array = Input("$reduce", 40080, input.Evaluate(scope));
            return array is null
                ? BsonNull.Value
                : array.Aggregate(
                    initial.Evaluate(scope), (value, item) => body.Evaluate(scope.With("this", item).With("value", value)));
        });
    }

    private static (string Name, Names? Inner) Bind(IReadOnlyDictionary<string, BsonValue> named, Names? names)
    {
        var name = named.TryGetValue("as", out var value) && value is BsonString text ? text.Value : "this";
        return (name, Names.Add(names, name));
    }

    private static BsonArray? Input(string name, int code, BsonValue? value) => value switch
    {
        null or BsonNull or BsonUndefined => null,
        BsonArray array => array,
        _ => throw Errors.Location(code, $"input to {name} must be an array not {BsonTypes.Name(value)}"),
    };
}
