using MongoDB.Bson;

namespace Relaybox.MongoDouble.Language.Aggregation;

/// <summary>A parsed stage of a pipeline.</summary>
internal delegate IEnumerable<BsonDocument> Stage(IEnumerable<BsonDocument> documents, Evaluation evaluation);
