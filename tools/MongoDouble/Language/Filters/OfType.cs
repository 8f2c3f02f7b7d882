using MongoDB.Bson;

namespace Relaybox.MongoDouble.Language.Filters;

internal sealed class OfType(IReadOnlySet<BsonType> types) : Predicate
{
    public IReadOnlySet<BsonType> Types { get; } = types;

    public override bool Holds(BsonValue? value, Evaluation evaluation) => value is not null && Types.Contains(value.BsonType);
}
