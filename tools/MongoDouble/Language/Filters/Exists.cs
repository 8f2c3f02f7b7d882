using MongoDB.Bson;

namespace Relaybox.MongoDouble.Language.Filters;

/// <summary><c>$exists: true</c>; its opposite is a <see cref="Not"/> around it.</summary>
internal sealed class Exists : Predicate
{
    public override bool SeesElements => false;

    public override bool Holds(BsonValue? value, Evaluation evaluation) => value is not null;
}
