using MongoDB.Bson;
using Relaybox.MongoDouble.Indexes;

namespace Relaybox.MongoDouble.Storage;

/// <content>Collections and indexes.</content>
internal sealed partial class DataStore
{
    /// <summary>A collection as a transaction sees it; null: the transaction sees no collection of this name.</summary>
    public Collection? Find(StorageTransaction reader, string database, string name)
    {
        var key = $"{database}.{name}";
        return reader.Created.TryGetValue(key, out var created) ? created
            : _collections.TryGetValue(key, out var collection) && collection.CreatedAt <= reader.Snapshot ? collection
            : null;
    }

    /// <summary>The collection, created if need be, as a write does it.</summary>
    /// <exception cref="WriteConflictException">Another transaction creates it.</exception>
    public Collection Ensure(StorageTransaction transaction, string database, string name) =>
        Find(transaction, database, name) ?? Create(transaction, database, name, []);

    /// <exception cref="WriteConflictException">Another transaction creates it, or has since the snapshot.</exception>
    public Collection Create(StorageTransaction transaction, string database, string name, BsonDocument options)
    {
        var key = $"{database}.{name}";
        if (_creating.TryGetValue(key, out var creator))
        {
            throw new WriteConflictException(creator);
        }

        if (_collections.ContainsKey(key))
        {
            throw new WriteConflictException(null);
        }

        var stored = new BsonDocument(options) { ["uuid"] = new BsonBinaryData(Guid.NewGuid(), GuidRepresentation.Standard) };
        var collection = new Collection(database, name, stored, 0);
        _creating.Add(key, transaction);
        transaction.Created.Add(key, collection);
        transaction.Changes.Add(new Change(ChangeKind.Create, database, name, null, stored));
        return collection;
    }

    /// <summary>Removes a collection when no open transaction has written to it.</summary>
    /// <exception cref="WriteConflictException">One has.</exception>
    public void Drop(StorageTransaction transaction, Collection collection)
    {
        RequireIdle(collection, transaction);
        _collections.Remove(collection.Namespace);
        transaction.Undo.Push(() => _collections.Add(collection.Namespace, collection));
        transaction.Changes.Add(new Change(ChangeKind.Drop, collection.Database, collection.Name, null, collection.Options));
    }

    public void DropDatabase(StorageTransaction transaction, string database)
    {
        var collections = _collections.Values.Where(collection => collection.Database == database).ToArray();
        Array.ForEach(collections, collection => RequireIdle(collection, transaction));
        Array.ForEach(collections, collection => Drop(transaction, collection));

        if (transaction.HasWritten)
        {
            transaction.Changes.Add(new Change(ChangeKind.DropDatabase, database, "", null, null));
        }
    }

    /// <summary>Adds an index and fills it.</summary>
    /// <exception cref="ServerException">The documents violate it.</exception>
    public void AddIndex(StorageTransaction transaction, Collection collection, IndexDefinition definition)
    {
        RequireIdle(collection, transaction);
        var index = new CollectionIndex(definition);
        foreach (var record in collection.Records.Values)
        {
            if (record.Newest?.Document is { } newest && definition.IsUnique)
            {
                foreach (var key in index.Keys(newest))
                {
                    var other = index.Equal(key).FirstOrDefault(
                        other => !ReferenceEquals(other, record) && other.Newest?.Document is { } document && index.HasKey(document, key));
                    if (other is not null)
                    {
                        throw DuplicateKey(collection, definition, key);
                    }
                }
            }

            foreach (var document in record.All())
            {
                index.Enter(record, document);
            }
        }

        collection.Indexes.Add(index);
        transaction.Undo.Push(() => collection.Indexes.Remove(index));
        transaction.Changes.Add(new Change(ChangeKind.CreateIndex, collection.Database, collection.Name, null, definition.Document));
    }

    public void RemoveIndex(StorageTransaction transaction, Collection collection, CollectionIndex index)
    {
        RequireIdle(collection, transaction);
        var place = collection.Indexes.IndexOf(index);
        collection.Indexes.Remove(index);
        transaction.Undo.Push(() => collection.Indexes.Insert(place, index));
        transaction.Changes.Add(new Change(ChangeKind.DropIndex, collection.Database, collection.Name, index.Definition.Document, null));
    }

    public void Modify(StorageTransaction transaction, Collection collection, BsonDocument options)
    {
        RequireIdle(collection, transaction);
        var before = collection.Options;
        collection.SetOptions(options);
        transaction.Undo.Push(() => collection.SetOptions(before));
        transaction.Changes.Add(new Change(ChangeKind.Modify, collection.Database, collection.Name, null, options));
    }

    // Definitions have no versions: a command that changes one waits for the transactions that have written to the collection.
    private void RequireIdle(Collection collection, StorageTransaction transaction)
    {
        if (_open.FirstOrDefault(open => open != transaction && open.Held.Any(held => held.Collection == collection)) is { } holder)
        {
            throw new WriteConflictException(holder);
        }
    }
}
