using MongoDB.Bson;

namespace Relaybox.MongoDouble.Storage;

/// <summary>A commit as the journal holds it.</summary>
internal static class CommitFormat
{
    public static BsonDocument Write(Commit commit)
    {
        var changes = new BsonArray();
        foreach (var change in commit.Changes)
        {
            var document = new BsonDocument { { "k", (int)change.Kind }, { "d", change.Database }, { "c", change.Collection } };
            switch (change.Kind)
            {
                case ChangeKind.Delete:
                    document["b"] = new BsonDocument("_id", change.Before!["_id"]);
                    break;
                case ChangeKind.DropIndex:
                    document["b"] = change.Before!;
                    break;
                default:
                    if (change.After is not null)
                    {
                        document["a"] = change.After;
                    }

                    break;
            }

            changes.Add(document);
        }

        var result = new BsonDocument { { "ts", commit.ClusterTime }, { "wall", commit.WallTime }, { "ops", changes } };
        if (commit.IsBase)
        {
            result["base"] = true;
        }

        if (commit.Session is { } session)
        {
            result["s"] = new BsonDocument
            {
                { "id", session.SessionId },
                { "n", session.Number },
                { "st", session.Statement },
                { "r", (BsonValue?)session.Result ?? BsonNull.Value },
            };
        }

        return result;
    }

    public static Commit Read(BsonDocument document)
    {
        var changes = document["ops"].AsBsonArray.Select(value => value.AsBsonDocument).Select(change => new Change(
            (ChangeKind)change["k"].AsInt32, change["d"].AsString, change["c"].AsString, Part(change, "b"), Part(change, "a")));
        var session = document.TryGetValue("s", out var mark)
            ? new SessionMark(mark["id"], mark["n"].AsInt64, mark["st"].AsInt32, mark["r"] as BsonDocument)
            : null;
        return new Commit(
            unchecked((ulong)document["ts"].AsBsonTimestamp.Value), document["wall"].ToUniversalTime(), [.. changes], session)
        {
            IsBase = document.Contains("base"),
        };
    }

    private static BsonDocument? Part(BsonDocument change, string name) => change.GetValue(name, BsonNull.Value) as BsonDocument;
}
