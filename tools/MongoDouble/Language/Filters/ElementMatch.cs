using MongoDB.Bson;

namespace Relaybox.MongoDouble.Language.Filters;

/// <summary><c>$elemMatch</c>: one element that fulfils the whole condition, as a document or as a value.</summary>
internal sealed class ElementMatch(Condition condition, bool ofDocuments) : Predicate
{
    public override bool SeesElements => false;

    public override bool Holds(BsonValue? value, Evaluation evaluation) => value is BsonArray array && array.Any(item => ofDocuments
        ? AsDocument(item) is { } document && condition.Matches(document, evaluation)
        : condition.MatchesValue(item, evaluation));

    /// <summary>Arrays within the array are documents whose fields are named by number.</summary>
    private static BsonDocument? AsDocument(BsonValue item) => item switch
    {
        BsonDocument document => document,
        BsonArray array => new BsonDocument(array.Select((value, index) => new BsonElement($"{index}", value))),
        _ => null,
    };
}
