using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Expressions;

namespace Relaybox.MongoDouble.Language.Filters;

/// <summary><c>$expr</c>.</summary>
internal sealed class OnExpression(BsonValue specification) : Condition
{
    private readonly Expression _expression = Expression.Parse(specification);

    /// <summary>The comparisons of a field with a constant that must hold for the whole to hold: what the planner reads.</summary>
    public IReadOnlyList<FieldComparison> Comparisons { get; } = [.. FieldComparison.Among(specification)];

    public override bool Matches(BsonDocument document, Evaluation evaluation) => _expression.IsTrue(new Scope(document, evaluation));

    public override bool MatchesValue(BsonValue value, Evaluation evaluation) =>
        value is BsonDocument document ? Matches(document, evaluation) : throw Errors.BadValue("$expr can only be applied to the top-level document");
}
