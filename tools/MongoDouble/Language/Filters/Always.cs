using MongoDB.Bson;

namespace Relaybox.MongoDouble.Language.Filters;

/// <summary><c>$alwaysTrue</c> and <c>$alwaysFalse</c>.</summary>
internal sealed class Always(bool truth) : Condition
{
    public override bool Matches(BsonDocument document, Evaluation evaluation) => truth;

    public override bool MatchesValue(BsonValue value, Evaluation evaluation) => truth;
}
