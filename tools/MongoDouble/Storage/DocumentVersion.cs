using MongoDB.Bson;

namespace Relaybox.MongoDouble.Storage;

/// <summary>What a document was from one commit on.</summary>
/// <param name="commit">The commit's timestamp.</param>
/// <param name="document">The document, which nobody changes any more; null: it was deleted.</param>
/// <param name="older">What it was before.</param>
internal sealed class DocumentVersion(ulong commit, BsonDocument? document, DocumentVersion? older)
{
    public ulong Commit => commit;

    public BsonDocument? Document => document;

    public DocumentVersion? Older { get; set; } = older;
}
