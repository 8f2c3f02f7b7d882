using MongoDB.Bson;

namespace Relaybox.MongoDouble.Language.Updates;

/// <summary>What an operator may know beside the value that it changes.</summary>
/// <param name="Before">The document as it was.</param>
/// <param name="Path">The path that is being changed, for messages.</param>
internal sealed record ModifierContext(BsonDocument Before, string Path, Evaluation Evaluation)
{
    /// <summary>How the server names the document in messages.</summary>
    public string Id => $"{{_id: {Values.Text.Of(Before.GetValue("_id", BsonNull.Value))}}}";

    public string LastName => Path[(Path.LastIndexOf('.') + 1)..];
}
