using MongoDB.Bson;

namespace Relaybox.MongoDouble.Sessions;

/// <summary>A logical session: the number of its last transaction or retryable write, and what came of it.</summary>
internal sealed class Session(BsonValue id)
{
    public BsonValue Id => id;

    /// <summary>The highest <c>txnNumber</c> so far.</summary>
    public long LastNumber { get; set; } = -1;

    /// <summary>The transaction of that number; null: it was a retryable write, or none.</summary>
    public ClientTransaction? Transaction { get; set; }

    /// <summary>The answers to the executed statements of the retryable write of that number.</summary>
    public Dictionary<int, BsonDocument> Statements { get; } = [];

    /// <summary>Whether a command is at work on it: another one waits.</summary>
    public bool IsBusy { get; set; }

    /// <summary>By the clock's <c>GetTimestamp</c>.</summary>
    public long LastUse { get; set; }
}
