using MongoDB.Bson;
using MongoDB.Driver;

namespace Relaybox.MongoDb;

/// <summary>For which version Setup has made the collections.</summary>
internal static class MongoSchema
{
    /// <summary>The version of this build.</summary>
    internal const int Version = 1;

    private const string Document = "schema";
    private const string VersionField = "version";

    /// <exception cref="MongoSchemaException">The collections are missing, or those of another version.</exception>
    internal static async Task RequireAsync(MongoCollections database, CancellationToken cancellationToken)
    {
        switch (await ReadAsync(database, cancellationToken))
        {
            case null:
                throw new MongoSchemaException("The collections of the outbox are missing. Invoke the Setup function.") { IsMissing = true };
            case < Version and var older:
                throw new MongoSchemaException(
                    $"The collections of the outbox are those of version {older}; this build needs version {Version}. Invoke the Setup function.");
            case > Version and var newer:
                throw Newer(newer);
        }
    }

    /// <exception cref="MongoSchemaException">The collections are those of a newer version.</exception>
    internal static async Task RefuseNewerAsync(MongoCollections database, CancellationToken cancellationToken)
    {
        if (await ReadAsync(database, cancellationToken) is > Version and var newer)
        {
            throw Newer(newer);
        }
    }

    internal static Task SaveAsync(MongoCollections database, CancellationToken cancellationToken) => database.Schema.UpdateOneAsync(
        new BsonDocument(Fields.Id, Document),
        new BsonDocument("$set", new BsonDocument(VersionField, Version)),
        new UpdateOptions { IsUpsert = true },
        cancellationToken);

    private static MongoSchemaException Newer(int version) => new(
        $"The collections of the outbox are those of version {version}, which is newer than this build's ({Version}). Deploy the newer build.");

    private static async Task<int?> ReadAsync(MongoCollections database, CancellationToken cancellationToken) =>
        (await database.Schema.Find(new BsonDocument(Fields.Id, Document)).FirstOrDefaultAsync(cancellationToken))?[VersionField].ToInt32();
}
