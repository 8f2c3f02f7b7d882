using MongoDB.Bson;

namespace Relaybox.MongoDouble.Language.Expressions;

/// <summary>An aggregation expression, parsed once. A null reference is a missing value.</summary>
internal sealed class Expression(Func<Scope, BsonValue?> evaluate)
{
    /// <summary>Whether the value is the same for every document of a command: the planner takes it for a constant.</summary>
    public bool IsConstant { get; init; }

    /// <summary>The path that the expression reads, where it is only a field path of the document.</summary>
    public string? Field { get; init; }

    /// <summary>The value that stands in the text itself.</summary>
    public BsonValue? Literal { get; init; }

    public static Expression Parse(BsonValue specification) => ExpressionParser.Parse(specification, null);

    public static Expression Constant(BsonValue value) => new(_ => value) { IsConstant = true, Literal = value };

    public BsonValue? Evaluate(Scope scope) => evaluate(scope);

    public BsonValue? Evaluate(BsonDocument document, Evaluation evaluation) => evaluate(new Scope(document, evaluation));

    public bool IsTrue(Scope scope) => Truth(evaluate(scope));

    /// <summary>False are false, zero, null, undefined and what is missing.</summary>
    public static bool Truth(BsonValue? value) => value switch
    {
        null or BsonNull or BsonUndefined => false,
        BsonBoolean truth => truth.Value,
        BsonInt32 or BsonInt64 or BsonDouble or BsonDecimal128 => !Values.Numbers.IsZero(value),
        _ => true,
    };
}
