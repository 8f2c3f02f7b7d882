using MongoDB.Bson;

namespace Relaybox.MongoDouble.Language.Filters;

internal sealed class AnyOf(IReadOnlyList<Condition> parts) : Condition
{
    public IReadOnlyList<Condition> Parts { get; } = parts;

    public override bool Matches(BsonDocument document, Evaluation evaluation) => Parts.Any(part => part.Matches(document, evaluation));

    public override bool MatchesValue(BsonValue value, Evaluation evaluation) => Parts.Any(part => part.MatchesValue(value, evaluation));

    public override IEnumerable<Condition> Conjuncts() => Parts.Count == 1 ? Parts[0].Conjuncts() : [this];
}
