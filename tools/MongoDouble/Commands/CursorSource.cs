using MongoDB.Bson;
using Relaybox.MongoDouble.Storage;

namespace Relaybox.MongoDouble.Commands;

/// <summary>What a cursor reads from.</summary>
internal abstract class CursorSource
{
    /// <summary>Whether nothing follows.</summary>
    public abstract bool IsExhausted { get; }

    /// <summary>Whether there is something to take now.</summary>
    public abstract bool HasNext { get; }

    /// <summary>Takes the next document.</summary>
    protected abstract BsonDocument Next();

    /// <summary>Gives back the document that was taken last.</summary>
    protected abstract void Return(BsonDocument document);

    /// <summary>As many documents as are wanted and fit: at most 16 MB, but one at least.</summary>
    public BsonArray Take(long count)
    {
        var batch = new BsonArray();
        for (var bytes = 0L; batch.Count < count && HasNext;)
        {
            var document = Next();
            bytes += BsonSize.Of(document) + 12;
            if (bytes > BsonSize.MaxDocumentBytes && batch.Count > 0)
            {
                Return(document);
                break;
            }

            batch.Add(document);
        }

        return batch;
    }
}
