using MongoDB.Bson;

namespace Relaybox.MongoDouble.Language.Filters;

/// <summary>A part of a filter, which holds for a document or (below <c>$elemMatch</c> and <c>$pull</c>) for a value by itself.</summary>
internal abstract class Condition
{
    public abstract bool Matches(BsonDocument document, Evaluation evaluation);

    /// <summary>Whether a value fulfils the condition, which then names no field of it.</summary>
    public abstract bool MatchesValue(BsonValue value, Evaluation evaluation);

    /// <summary>The conditions that must all hold: this one, or the parts of an <c>$and</c>.</summary>
    public virtual IEnumerable<Condition> Conjuncts() => [this];
}
