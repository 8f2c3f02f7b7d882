using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Expressions;

/// <summary>Operators that evaluate only the arguments that they need, and those that bind or quote.</summary>
internal static class ConditionalOperators
{
    private static readonly NamedArguments CondArguments = new(["if", "then", "else"], [], 17080, 17083, 17080);
    private static readonly NamedArguments SwitchArguments = new([], ["branches", "default"], 40060, 40067, 40068);
    private static readonly NamedArguments LetArguments = new(["vars", "in"], [], 16874, 16875, 16876);

    public static IEnumerable<KeyValuePair<string, OperatorParser>> All =>
    [
        Operator.Custom("$literal", (operand, _) => Expression.Constant(operand)),
        Operator.Custom("$const", (operand, _) => Expression.Constant(operand)),
        Operator.Custom("$expr", ExpressionParser.Parse),
        Operator.Custom("$and", (operand, names) => Logic(operand, names, stopAt: false)),
        Operator.Custom("$or", (operand, names) => Logic(operand, names, stopAt: true)),
        Operator.Fixed("$not", 1, values => (BsonBoolean)!Expression.Truth(values[0])),
        Operator.Custom("$cond", Cond),
        Operator.Custom("$ifNull", IfNull),
        Operator.Custom("$switch", Switch),
        Operator.Custom("$let", Let),
        Operator.Custom("$rand", Rand),
    ];

    private static Expression Logic(BsonValue operand, Names? names, bool stopAt)
    {
        var arguments = Operator.Arguments(operand, names);
        return new(scope => (BsonBoolean)(Array.Exists(arguments, argument => argument.IsTrue(scope) == stopAt) == stopAt))
        {
            IsConstant = AreConstant(arguments),
        };
    }

    private static Expression Cond(BsonValue operand, Names? names)
    {
        Expression[] parts;
        if (operand is BsonDocument)
        {
            var named = CondArguments.Read("$cond", operand);
            parts = [.. CondArguments.Required.Select(name => ExpressionParser.Parse(named[name], names))];
        }
        else
        {
            parts = Operator.Arguments("$cond", operand, names, 3);
        }
        return new(scope => parts[parts[0].IsTrue(scope) ? 1 : 2].Evaluate(scope)) { IsConstant = AreConstant(parts) };
    }

    private static Expression IfNull(BsonValue operand, Names? names)
    {
        var arguments = Operator.Arguments(operand, names);
        if (arguments.Length < 2)
        {
            throw Errors.Location(1257300, $"$ifNull needs at least two arguments, had: {arguments.Length}");
        }
        return new(scope =>
        {
            BsonValue? value = null;
            foreach (var argument in arguments)
            {
                value = argument.Evaluate(scope);
                if (!BsonTypes.IsNullish(value))
                {
                    return value;
                }
            }
            return value;
        })
        {
            IsConstant = AreConstant(arguments),
        };
    }

    private static Expression Switch(BsonValue operand, Names? names)
    {
        var named = SwitchArguments.Read("$switch", operand);
        var branches = named.GetValueOrDefault("branches") switch
        {
            null => [],
            BsonArray array => array.Select(branch => Branch(branch, names)).ToArray(),
            var other => throw Errors.Location(40061, $"$switch expected an array for 'branches', found: {BsonTypes.Name(other)}"),
        };
        if (branches.Length == 0)
        {
            throw Errors.Location(40068, "$switch requires at least one branch.");
        }
        var otherwise = named.TryGetValue("default", out var value) ? ExpressionParser.Parse(value, names) : null;
        return new(scope =>
        {
            foreach (var (condition, result) in branches)
            {
                if (condition.IsTrue(scope))
                {
                    return result.Evaluate(scope);
                }
            }
            return otherwise is not null ? otherwise.Evaluate(scope) : throw Errors.Location(
                40066, "$switch could not find a matching branch for an input, and no default was specified.");
        })
        {
            IsConstant = branches.All(branch => branch.Case.IsConstant && branch.Then.IsConstant) && otherwise?.IsConstant != false,
        };
    }

    private static (Expression Case, Expression Then) Branch(BsonValue branch, Names? names)
    {
        if (branch is not BsonDocument document)
        {
            throw Errors.Location(40062, $"$switch expected each branch to be an object, found: {BsonTypes.Name(branch)}");
        }
        if (document.Names.FirstOrDefault(name => name is not ("case" or "then")) is { } unknown)
        {
            throw Errors.Location(40063, $"$switch found an unknown argument to a branch: {unknown}");
        }
        if (!document.Contains("case"))
        {
            throw Errors.Location(40064, "$switch requires each branch have a 'case' expression");
        }
        return document.TryGetValue("then", out var then)
            ? (ExpressionParser.Parse(document["case"], names), ExpressionParser.Parse(then, names))
            : throw Errors.Location(40065, "$switch requires each branch have a 'then' expression.");
    }

    private static Expression Let(BsonValue operand, Names? names)
    {
        var named = LetArguments.Read("$let", operand);
        if (named["vars"] is not BsonDocument variables)
        {
            throw Errors.Location(10065, "invalid parameter: expected an object (vars)");
        }
        var bound = variables.Select(variable => (variable.Name, Value: ExpressionParser.Parse(variable.Value, names))).ToArray();
        var inner = ExpressionParser.Parse(named["in"], bound.Aggregate(names, (all, variable) => Names.Add(all, variable.Name)));
        return new(scope => inner.Evaluate(
            bound.Aggregate(scope, (all, variable) => all.With(variable.Name, variable.Value.Evaluate(scope)))));
    }

    private static Expression Rand(BsonValue operand, Names? names) => operand is BsonDocument { ElementCount: 0 } or BsonArray { Count: 0 }
        ? new(scope => new BsonDouble(scope.Evaluation.Random.NextDouble()))
        : throw Errors.Location(3040501, "$rand not allowed to take arguments");

    private static bool AreConstant(Expression[] arguments) => Array.TrueForAll(arguments, argument => argument.IsConstant);
}
