using MongoDB.Bson;
using Relaybox.MongoDouble.Storage;

namespace Relaybox.MongoDouble.Streams;

/// <summary>Changes as the events of change streams.</summary>
internal static class ChangeEvents
{
    /// <summary>The event of a change; null: it makes none.</summary>
    /// <param name="lookup">Finds the document as it is now; null: an update's event does not hold it.</param>
    public static BsonDocument? Of(Commit commit, int index, Func<Change, BsonDocument?>? lookup)
    {
        var change = commit.Changes[index];
        string? type = change.Kind switch
        {
            ChangeKind.Insert => "insert",
            ChangeKind.Update => "update",
            ChangeKind.Replace => "replace",
            ChangeKind.Delete => "delete",
            ChangeKind.Drop => "drop",
            ChangeKind.DropDatabase => "dropDatabase",
            _ => null,
        };
        if (type is null)
        {
            return null;
        }

        var result = Frame(new ResumeToken(commit.Timestamp, index), type, commit);
        if (commit.Session is { Statement: -1 } session)
        {
            result["txnNumber"] = session.Number;
            result["lsid"] = new BsonDocument("id", session.SessionId);
        }

        switch (change.Kind)
        {
            case ChangeKind.Insert or ChangeKind.Replace:
                result["fullDocument"] = change.After!;
                break;
            case ChangeKind.Update when lookup is not null:
                result["fullDocument"] = (BsonValue?)lookup(change) ?? BsonNull.Value;
                break;
        }

        result["ns"] = change.Kind == ChangeKind.DropDatabase
            ? new BsonDocument("db", change.Database)
            : new BsonDocument { { "db", change.Database }, { "coll", change.Collection } };
        if (change.Kind <= ChangeKind.Delete)
        {
            result["documentKey"] = new BsonDocument("_id", change.Key);
        }

        if (change.Kind == ChangeKind.Update)
        {
            result["updateDescription"] = UpdateDescription.Between(change.Before!, change.After!);
        }

        return result;
    }

    public static BsonDocument Invalidate(Commit commit, int index) =>
        Frame(new ResumeToken(commit.Timestamp, index, IsInvalidate: true), "invalidate", commit);

    private static BsonDocument Frame(ResumeToken token, string type, Commit commit) => new()
    {
        { "_id", token.ToDocument() },
        { "operationType", type },
        { "clusterTime", commit.ClusterTime },
        { "wallTime", commit.WallTime },
    };
}
