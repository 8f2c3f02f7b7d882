using MongoDB.Bson;

namespace Relaybox.MongoDouble.Storage;

/// <summary>A commit: what became visible at once, under one timestamp.</summary>
/// <param name="Timestamp">Its place in the one order of all commits.</param>
/// <param name="WallTime">When, in UTC.</param>
/// <param name="Changes">Its steps in their order.</param>
/// <param name="Session">The statement or transaction of a session that it belongs to; null: none.</param>
internal sealed record Commit(ulong Timestamp, DateTime WallTime, IReadOnlyList<Change> Changes, SessionMark? Session)
{
    /// <summary>Whether it stands for all older commits, which a journal that was written anew no longer holds.</summary>
    public bool IsBase { get; init; }

    public BsonTimestamp ClusterTime => new(unchecked((long)Timestamp));
}
