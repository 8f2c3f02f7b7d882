using Relaybox.MongoDouble.Storage;

namespace Relaybox.MongoDouble.Streams;

/// <summary>What a change stream watches.</summary>
/// <param name="Database">The database; null: all of them.</param>
/// <param name="Collection">The collection; null: all of the database.</param>
internal sealed record ChangeStreamScope(string? Database, string? Collection)
{
    public bool Covers(Change change)
    {
        if (Database is null)
        {
            return change.Database is not ("admin" or "config" or "local") && !IsSystem(change);
        }

        return change.Database == Database && (Collection is null ? !IsSystem(change) : change.Collection == Collection);
    }

    /// <summary>Whether nothing can follow this change.</summary>
    public bool IsEndedBy(Change change) =>
        Collection is not null ? change.Kind == ChangeKind.Drop : Database is not null && change.Kind == ChangeKind.DropDatabase;

    private static bool IsSystem(Change change) => change.Collection.StartsWith("system.", StringComparison.Ordinal);
}
