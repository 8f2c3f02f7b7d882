using MongoDB.Bson;
using Relaybox.MongoDouble.Indexes;

namespace Relaybox.MongoDouble.Storage;

/// <content>What a journal brings back.</content>
internal sealed partial class DataStore
{
    private const int ChangesOfBase = 1000;

    /// <summary>Replays the journal of a folder, and writes to it from now on.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="keep">How many commits the journal has to keep as they were.</param>
    /// <param name="mark">Takes what belonged to sessions.</param>
    public void Open(string folder, int keep, Action<SessionMark> mark)
    {
        var journal = new Journal(folder);
        journal.Replay(keep, commit => Replay(commit, mark), State);
        _journal = journal;
    }

    public void Close() => _journal?.Dispose();

    private void Replay(Commit commit, Action<SessionMark> mark)
    {
        var changes = commit.Changes.Select(change => Replay(change, commit.Timestamp)).ToArray();
        LastCommit = commit.Timestamp;
        if (commit.IsBase)
        {
            log.Forget(commit.Timestamp);
        }
        else if (changes.Length > 0)
        {
            log.Append(commit with { Changes = changes });
        }

        if (commit.Session is { } session)
        {
            mark(session);
        }
    }

    // Everything that is there, in pieces.
    private IEnumerable<Commit> State()
    {
        foreach (var collection in _collections.Values)
        {
            Change Of(ChangeKind kind, BsonDocument after) => new(kind, collection.Database, collection.Name, null, after);
            IEnumerable<Change> changes =
            [
                Of(ChangeKind.Create, collection.Options),
                .. collection.Indexes.Skip(1).Select(index => Of(ChangeKind.CreateIndex, index.Definition.Document)),
                .. collection.Records.Values.Select(record => Of(ChangeKind.Insert, record.Newest!.Document!)),
            ];
            foreach (var part in changes.Chunk(ChangesOfBase))
            {
                yield return new Commit(LastCommit, clock.GetUtcNow().UtcDateTime, part, null) { IsBase = true };
            }
        }
    }

    // Returns the change with the document that was there before.
    private Change Replay(Change change, ulong commit)
    {
        var key = $"{change.Database}.{change.Collection}";
        switch (change.Kind)
        {
            case ChangeKind.Create:
                _collections[key] = new Collection(change.Database, change.Collection, change.After!, commit);
                return change;
            case ChangeKind.Drop:
                _collections.Remove(key);
                return change;
            case ChangeKind.DropDatabase:
                return change;
            case ChangeKind.CreateIndex:
                var index = new CollectionIndex(IndexDefinition.Restore(change.After!));
                foreach (var record in _collections[key].Records.Values)
                {
                    index.Enter(record, record.Newest!.Document!);
                }

                _collections[key].Indexes.Add(index);
                return change;
            case ChangeKind.DropIndex:
                _collections[key].Indexes.RemoveAll(existing => existing.Definition.Name == change.Before!["name"].AsString);
                return change;
            case ChangeKind.Modify:
                _collections[key].SetOptions(change.After!);
                return change;
            default:
                return change with { Before = ReplayDocument(_collections[key], change, commit) };
        }
    }

    private static BsonDocument? ReplayDocument(Collection collection, Change change, ulong commit)
    {
        var record = change.Kind == ChangeKind.Insert ? null : collection.Find(change.Key);
        var before = record?.Newest?.Document;
        if (record is not null && before is not null)
        {
            collection.Leave(record, before);
            collection.Count--;
        }

        record ??= collection.NewRecord();
        record.Newest = new DocumentVersion(commit, change.After, null);
        if (change.After is { } after)
        {
            collection.Records[record.Id] = record;
            collection.Enter(record, after);
            collection.Count++;
        }
        else
        {
            collection.Records.Remove(record.Id);
        }

        return before;
    }
}
