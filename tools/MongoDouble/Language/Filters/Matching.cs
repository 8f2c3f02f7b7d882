using MongoDB.Bson;

namespace Relaybox.MongoDouble.Language.Filters;

/// <summary>A predicate that is no more than a test: <c>$mod</c>, <c>$size</c>, <c>$regex</c>.</summary>
internal sealed class Matching(Func<BsonValue, bool> test, bool seesElements = true) : Predicate
{
    public override bool SeesElements => seesElements;

    public override bool Holds(BsonValue? value, Evaluation evaluation) => value is not null && test(value);
}
