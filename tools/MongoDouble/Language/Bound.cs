using MongoDB.Bson;

namespace Relaybox.MongoDouble.Language;

/// <summary>One end of a range of keys.</summary>
internal sealed record Bound(BsonValue Value, bool Inclusive);
