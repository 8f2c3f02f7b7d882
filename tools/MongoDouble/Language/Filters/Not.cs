using MongoDB.Bson;

namespace Relaybox.MongoDouble.Language.Filters;

internal sealed class Not(Condition part) : Condition
{
    public Condition Part { get; } = part;

    public override bool Matches(BsonDocument document, Evaluation evaluation) => !Part.Matches(document, evaluation);

    public override bool MatchesValue(BsonValue value, Evaluation evaluation) => !Part.MatchesValue(value, evaluation);
}
