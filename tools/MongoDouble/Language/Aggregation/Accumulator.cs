using MongoDB.Bson;

namespace Relaybox.MongoDouble.Language.Aggregation;

/// <summary>Takes the values of a group one by one.</summary>
internal abstract class Accumulator
{
    public abstract void Add(BsonValue? value);

    public abstract BsonValue Result();
}
