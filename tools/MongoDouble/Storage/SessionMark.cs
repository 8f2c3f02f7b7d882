using MongoDB.Bson;

namespace Relaybox.MongoDouble.Storage;

/// <summary>What a commit was for a session: a retry after a crash is answered by it.</summary>
/// <param name="SessionId">The <c>lsid.id</c>.</param>
/// <param name="Number">The <c>txnNumber</c>.</param>
/// <param name="Statement">The statement's number in a retryable write; -1: a transaction was committed.</param>
/// <param name="Result">What the statement was answered.</param>
internal sealed record SessionMark(BsonValue SessionId, long Number, int Statement, BsonDocument? Result);
