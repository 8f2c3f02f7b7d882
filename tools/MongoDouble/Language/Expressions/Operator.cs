using MongoDB.Bson;

namespace Relaybox.MongoDouble.Language.Expressions;

/// <summary>The ways in which operators take their arguments.</summary>
internal static class Operator
{
    /// <summary>An operator of exactly so many arguments. One argument may stand without an array around it.</summary>
    public static KeyValuePair<string, OperatorParser> Fixed(string name, int count, Func<BsonValue?[], BsonValue?> apply) => new(
        name, (operand, names) => Call(Arguments(name, operand, names, count), apply));

    public static KeyValuePair<string, OperatorParser> Ranged(string name, int least, int most, Func<BsonValue?[], BsonValue?> apply) => new(
        name, (operand, names) => Call(Arguments(name, operand, names, least, most), apply));

    public static KeyValuePair<string, OperatorParser> Variadic(string name, Func<BsonValue?[], BsonValue?> apply) => new(
        name, (operand, names) => Call(Arguments(operand, names), apply));

    public static KeyValuePair<string, OperatorParser> Custom(string name, OperatorParser parser) => new(name, parser);

    /// <summary>Arguments with names, all of them evaluated before the call.</summary>
    public static KeyValuePair<string, OperatorParser> Named(
        string name, NamedArguments shape, Func<IReadOnlyDictionary<string, BsonValue?>, BsonValue?> apply) => new(
        name, (operand, names) =>
        {
            var arguments = shape.Read(name, operand).ToDictionary(pair => pair.Key, pair => ExpressionParser.Parse(pair.Value, names));
            return new(scope => apply(arguments.ToDictionary(pair => pair.Key, pair => pair.Value.Evaluate(scope))))
            {
                IsConstant = arguments.Values.All(argument => argument.IsConstant),
            };
        });

    public static Expression[] Arguments(BsonValue operand, Names? names) =>
        operand is BsonArray array ? [.. array.Select(item => ExpressionParser.Parse(item, names))] : [ExpressionParser.Parse(operand, names)];

    public static Expression[] Arguments(string name, BsonValue operand, Names? names, int count)
    {
        var arguments = Arguments(operand, names);
        return arguments.Length == count ? arguments : throw Errors.Location(
            16020, $"Expression {name} takes exactly {count} arguments. {arguments.Length} were passed in.");
    }

    public static Expression[] Arguments(string name, BsonValue operand, Names? names, int least, int most)
    {
        var arguments = Arguments(operand, names);
        return arguments.Length >= least && arguments.Length <= most ? arguments : throw Errors.Location(
            28667, $"Expression {name} takes at least {least} arguments, and at most {most}, but {arguments.Length} were passed in.");
    }

    public static Expression Call(Expression[] arguments, Func<BsonValue?[], BsonValue?> apply) => new(scope =>
    {
        var values = new BsonValue?[arguments.Length];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = arguments[i].Evaluate(scope);
        }
        return apply(values);
    })
    {
        IsConstant = Array.TrueForAll(arguments, argument => argument.IsConstant),
    };
}
