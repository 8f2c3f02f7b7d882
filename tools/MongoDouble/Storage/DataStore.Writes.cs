using MongoDB.Bson;
using Relaybox.MongoDouble.Indexes;

namespace Relaybox.MongoDouble.Storage;

/// <content>Writes of documents.</content>
internal sealed partial class DataStore
{
    /// <exception cref="WriteConflictException">Another transaction is in the way.</exception>
    /// <exception cref="ServerException">A unique index has the key already.</exception>
    public void Insert(StorageTransaction transaction, Collection collection, BsonDocument document)
    {
        var record = collection.NewRecord();
        Write(transaction, collection, record, null, document, ChangeKind.Insert);
    }

    /// <param name="before">The document as the transaction sees it.</param>
    /// <param name="after">What it becomes; null: it is deleted.</param>
    /// <inheritdoc cref="Insert" path="/exception"/>
    public void Write(
        StorageTransaction transaction, Collection collection, Record record, BsonDocument? before, BsonDocument? after, ChangeKind kind)
    {
        RequireFree(transaction, record);
        if (after is not null)
        {
            CheckUnique(transaction, collection, record, after);
        }

        if (record.Holder is null)
        {
            record.Holder = transaction;
            transaction.Held.Add((collection, record));
            collection.Records.TryAdd(record.Id, record);
        }
        else if (record.Pending is { } pending)
        {
            collection.Leave(record, pending);
        }

        record.Pending = after;
        if (after is not null)
        {
            collection.Enter(record, after);
        }

        transaction.Changes.Add(new Change(kind, collection.Database, collection.Name, before, after));
    }

    private static void RequireFree(StorageTransaction transaction, Record record)
    {
        if (record.Holder is not null)
        {
            if (!ReferenceEquals(record.Holder, transaction))
            {
                throw new WriteConflictException(record.Holder);
            }
        }
        else if (record.Newest is { } newest && newest.Commit > transaction.Snapshot)
        {
            throw new WriteConflictException(null);
        }
    }

    private static void CheckUnique(StorageTransaction transaction, Collection collection, Record record, BsonDocument after)
    {
        foreach (var index in collection.Indexes)
        {
            // Also finds documents that cannot be indexed, before anything is changed.
            var keys = index.Keys(after);
            if (!index.Definition.IsUnique)
            {
                continue;
            }

            foreach (var key in keys)
            {
                foreach (var other in index.Equal(key))
                {
                    if (!ReferenceEquals(other, record))
                    {
                        CheckUnique(transaction, collection, index, key, other);
                    }
                }
            }
        }
    }

    private static void CheckUnique(
        StorageTransaction transaction, Collection collection, CollectionIndex index, BsonValue[] key, Record other)
    {
        if (ReferenceEquals(other.Holder, transaction))
        {
            if (other.Pending is { } own && index.HasKey(own, key))
            {
                throw DuplicateKey(collection, index.Definition, key);
            }

            return;
        }

        if (other.Holder is not null)
        {
            // What the holder makes of it decides: whether it has the key now, or had it.
            if (other.All().Any(document => index.HasKey(document, key)))
            {
                throw new WriteConflictException(other.Holder);
            }

            return;
        }

        if (other.Newest!.Document is { } newest && index.HasKey(newest, key))
        {
            throw other.Newest.Commit > transaction.Snapshot
                ? new WriteConflictException(null)
                : DuplicateKey(collection, index.Definition, key);
        }

        if (other.Newest.Commit > transaction.Snapshot)
        {
            throw new WriteConflictException(null);
        }
    }

    private static ServerException DuplicateKey(Collection collection, IndexDefinition index, BsonValue[] key)
    {
        var value = new BsonDocument();
        for (var i = 0; i < key.Length; i++)
        {
            value[index.Fields[i]] = key[i];
        }

        return new ServerException(
            11000,
            "DuplicateKey",
            $"E11000 duplicate key error collection: {collection.Namespace} index: {index.Name} dup key: {ServerErrors.Show(value)}")
        {
            Details = new BsonDocument { { "keyPattern", index.Key }, { "keyValue", value } },
        };
    }
}
