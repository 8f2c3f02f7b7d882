using MongoDB.Bson;

namespace Relaybox.MongoDouble.Storage;

/// <summary>A document in all the versions that somebody may still read, and at most one that is not committed.</summary>
internal sealed class Record(long id)
{
    /// <summary>Its place in the collection's natural order.</summary>
    public long Id => id;

    /// <summary>The newest committed version; null: it is new.</summary>
    public DocumentVersion? Newest { get; set; }

    /// <summary>The open transaction that has written it.</summary>
    public StorageTransaction? Holder { get; set; }

    /// <summary>What the holder has made of it; null: it has deleted it.</summary>
    public BsonDocument? Pending { get; set; }

    /// <summary>What a reader sees; null: nothing.</summary>
    public BsonDocument? Visible(StorageTransaction reader)
    {
        if (ReferenceEquals(Holder, reader))
        {
            return Pending;
        }

        for (var version = Newest; version is not null; version = version.Older)
        {
            if (version.Commit <= reader.Snapshot)
            {
                return version.Document;
            }
        }

        return null;
    }

    /// <summary>Every document that an index has to know.</summary>
    public IEnumerable<BsonDocument> All()
    {
        if (Holder is not null && Pending is not null)
        {
            yield return Pending;
        }

        for (var version = Newest; version is not null; version = version.Older)
        {
            if (version.Document is not null)
            {
                yield return version.Document;
            }
        }
    }

    public bool HasOneVersion => Holder is null && Newest is { Older: null };
}
