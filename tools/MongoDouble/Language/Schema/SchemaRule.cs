using MongoDB.Bson;

namespace Relaybox.MongoDouble.Language.Schema;

/// <summary>One keyword of a schema.</summary>
/// <param name="Unsatisfied">
/// Null where a value keeps the rule (or the rule is not about values of its type), else what the server says of it.
/// </param>
internal sealed record SchemaRule(string Keyword, Func<BsonValue, BsonDocument?> Unsatisfied);
