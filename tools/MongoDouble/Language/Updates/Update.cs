using MongoDB.Bson;

namespace Relaybox.MongoDouble.Language.Updates;

/// <summary>One of the three ways to write an update: operators, a replacement, or a pipeline.</summary>
internal abstract class Update
{
    /// <summary>The document after the update. The given one stays as it is.</summary>
    public abstract BsonDocument Apply(BsonDocument document, bool inserting, Evaluation evaluation);

    /// <summary>Puts the <c>_id</c> first, where the server keeps it.</summary>
    protected static BsonDocument WithIdFirst(BsonDocument document)
    {
        if (!document.TryGetValue("_id", out var id) || document.GetElement(0).Name == "_id")
        {
            return document;
        }
        document.Remove("_id");
        document.InsertAt(0, new("_id", id));
        return document;
    }

    protected static void CheckId(BsonDocument document)
    {
        if (document.TryGetValue("_id", out var id) && id is BsonArray or BsonRegularExpression or BsonUndefined)
        {
            throw Errors.InvalidId($"The '_id' value cannot be of type {Values.BsonTypes.Name(id)}");
        }
    }
}
