using MongoDB.Bson;

namespace Relaybox.MongoDouble.Language.Filters;

/// <summary>What a filter asks of one value. A null reference is a missing value.</summary>
internal abstract class Predicate
{
    /// <summary>Whether an array's elements are asked one by one, before the array itself.</summary>
    public virtual bool SeesElements => true;

    public abstract bool Holds(BsonValue? value, Evaluation evaluation);
}
