using MongoDB.Bson;

namespace Relaybox.MongoDouble.Wire;

/// <summary>A request of a client, and how it wants its answer.</summary>
/// <param name="RequestId">What the answer refers to.</param>
/// <param name="Command">The command with its document sequences merged in as arrays, and <c>$db</c>.</param>
/// <param name="IsLegacy">Whether it came as OP_QUERY and is answered by OP_REPLY.</param>
/// <param name="WantsAnswer">False: the client does not read one (write concern 0).</param>
internal sealed record WireMessage(int RequestId, BsonDocument Command, bool IsLegacy, bool WantsAnswer);
