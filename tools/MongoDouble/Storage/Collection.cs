using MongoDB.Bson;
using Relaybox.MongoDouble.Indexes;
using Relaybox.MongoDouble.Language;

namespace Relaybox.MongoDouble.Storage;

/// <summary>A collection: its records in natural order, and its indexes.</summary>
internal sealed class Collection
{
    private long _lastRecordId;

    public Collection(string database, string name, BsonDocument options, ulong createdAt)
    {
        Database = database;
        Name = name;
        CreatedAt = createdAt;
        SetOptions(options);
        Indexes = [new CollectionIndex(IndexDefinition.Id)];
    }

    public string Database { get; }

    public string Name { get; }

    public string Namespace => $"{Database}.{Name}";

    /// <summary>The commit that made it; a transaction whose snapshot is older does not see it.</summary>
    public ulong CreatedAt { get; set; }

    /// <summary>What <c>create</c> or <c>collMod</c> said, with the <c>uuid</c>.</summary>
    public BsonDocument Options { get; private set; } = [];

    public SchemaValidator? Validator { get; private set; }

    /// <summary>Whether an invalid document is refused, or only warned of.</summary>
    public bool RefusesInvalid { get; private set; } = true;

    /// <summary>With <c>moderate</c>, an update of a document that is invalid already is not checked.</summary>
    public bool IsModerate { get; private set; }

    public SortedDictionary<long, Record> Records { get; } = [];

    public List<CollectionIndex> Indexes { get; }

    public CollectionIndex IdIndex => Indexes[0];

    /// <summary>How many documents the last commit left in it.</summary>
    public long Count { get; set; }

    public Record NewRecord() => new(++_lastRecordId);

    public void SetOptions(BsonDocument options)
    {
        Options = options;
        var validator = options.GetValue("validator", new BsonDocument()).AsBsonDocument;
        Validator = validator.ElementCount == 0 || options.GetValue("validationLevel", "strict") == "off" ? null : SchemaValidator.Parse(validator);
        RefusesInvalid = options.GetValue("validationAction", "error") == "error";
        IsModerate = options.GetValue("validationLevel", "strict") == "moderate";
    }

    /// <summary>The documents that a transaction sees, in natural order.</summary>
    public IEnumerable<(Record Record, BsonDocument Document)> Scan(StorageTransaction reader, bool backwards = false)
    {
        foreach (var record in backwards ? Records.Values.Reverse() : Records.Values)
        {
            if (record.Visible(reader) is { } document)
            {
                yield return (record, document);
            }
        }
    }

    /// <summary>Makes the indexes know one more document of a record.</summary>
    public void Enter(Record record, BsonDocument document)
    {
        foreach (var index in Indexes)
        {
            index.Enter(record, document);
        }
    }

    /// <summary>Makes the indexes forget one document of a record.</summary>
    public void Leave(Record record, BsonDocument document)
    {
        foreach (var index in Indexes)
        {
            index.Leave(record, document);
        }
    }

    /// <summary>The record that holds an <c>_id</c> in the last commit; for the journal's replay.</summary>
    public Record? Find(BsonValue id) =>
        IdIndex.Equal([id]).FirstOrDefault(record => record.Newest?.Document is { } document && IdIndex.HasKey(document, [id]));
}
