using MongoDB.Bson;
using MongoDB.Driver;

namespace Relaybox.MongoDb;

/// <summary>Reads what a find has found.</summary>
internal static class FindReading
{
    // The server's first answer has 101 documents where it is told nothing, and as many as fit (16 MB) from the second on. A number that
    // is more than any limit: at exactly the limit the server would keep the cursor open.
    private const int AsManyAsFit = 1_000_000;

    /// <summary>Reads all documents of a find, in one command where they fit into one answer.</summary>
    internal static Task<List<BsonDocument>> ReadAsync(this IFindFluent<BsonDocument, BsonDocument> find, CancellationToken cancellationToken)
    {
        find.Options.BatchSize = AsManyAsFit;
        return find.ToListAsync(cancellationToken);
    }
}
