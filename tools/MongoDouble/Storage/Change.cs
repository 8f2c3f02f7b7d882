using MongoDB.Bson;

namespace Relaybox.MongoDouble.Storage;

/// <summary>One step of a commit, as the journal keeps it and as change streams tell it.</summary>
/// <param name="Kind">What was done.</param>
/// <param name="Database">Where.</param>
/// <param name="Collection">Where; empty for a database.</param>
/// <param name="Before">The document that was there.</param>
/// <param name="After">The document that is there now; for a collection its options, for an index its definition.</param>
internal sealed record Change(ChangeKind Kind, string Database, string Collection, BsonDocument? Before, BsonDocument? After)
{
    public BsonValue Key => (After ?? Before)!["_id"];
}
