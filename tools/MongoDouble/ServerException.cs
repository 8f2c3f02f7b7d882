using MongoDB.Bson;

namespace Relaybox.MongoDouble;

/// <summary>An error that the server answers to a command.</summary>
/// <param name="code">The server's number for the error, such as 11000.</param>
/// <param name="codeName">The server's name for it, such as <c>DuplicateKey</c>.</param>
internal sealed class ServerException(int code, string codeName, string message) : Exception(message)
{
    public int Code { get; } = code;

    public string CodeName { get; } = codeName;

    /// <summary>The labels that drivers act on, such as <c>TransientTransactionError</c>.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>What the answer holds beside code and message, such as <c>keyPattern</c> and <c>keyValue</c>.</summary>
    public BsonDocument Details { get; init; } = [];
}
