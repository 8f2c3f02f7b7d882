using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Updates;

/// <summary>A document that takes another's place, under the same <c>_id</c>.</summary>
internal sealed class Replacement : Update
{
    private readonly BsonDocument _document;

    public Replacement(BsonDocument document)
    {
        if (document.Names.FirstOrDefault(name => name.StartsWith('$')) is { } name)
        {
            throw Errors.DollarPrefixed(
                $"The dollar ($) prefixed field '{name}' in '{name}' is not allowed in the context of an update's replacement document. "
                + "Consider using an aggregation pipeline with $replaceWith.");
        }
        _document = document;
    }

    public override BsonDocument Apply(BsonDocument document, bool inserting, Evaluation evaluation) =>
        Replace(document, (BsonDocument)_document.DeepClone());

    /// <summary>Gives a replacement the <c>_id</c> of the document before it, and refuses another one.</summary>
    public static BsonDocument Replace(BsonDocument before, BsonDocument after)
    {
        if (before.TryGetValue("_id", out var id))
        {
            if (!after.TryGetValue("_id", out var other))
            {
                after.InsertAt(0, new("_id", id));
            }
            else if (!ValueOrder.Instance.Equals(id, other))
            {
                throw Errors.Immutable(
                    $"After applying the update, the (immutable) field '_id' was found to have been altered to _id: {Text.Of(other)}");
            }
        }
        CheckId(after);
        return WithIdFirst(after);
    }
}
