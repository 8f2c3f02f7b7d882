using MongoDB.Bson;
using Relaybox.MongoDouble.Language;
using Relaybox.MongoDouble.Storage;

namespace Relaybox.MongoDouble.Indexes;

/// <summary>
/// An index over every version of every record. A reader checks the version that it sees: a key may belong to another
/// one.
/// </summary>
internal sealed class CollectionIndex(IndexDefinition definition)
{
    private static readonly Evaluation AnyTime = new(DateTime.UnixEpoch);

    private readonly IndexEntryOrder _order = new(definition.Directions);
    private readonly SortedSet<IndexEntry> _entries = new(new IndexEntryOrder(definition.Directions));

    public IndexDefinition Definition { get; set; } = definition;

    /// <summary>Whether some document has several keys here: then a sort cannot be read off it.</summary>
    public bool IsMultikey { get; private set; }

    public void Enter(Record record, BsonDocument document)
    {
        foreach (var key in Keys(document))
        {
            var entry = new IndexEntry(key, record);
            if (_entries.TryGetValue(entry, out var there))
            {
                there.Uses++;
            }
            else
            {
                entry.Uses = 1;
                _entries.Add(entry);
            }
        }
    }

    public void Leave(Record record, BsonDocument document)
    {
        foreach (var key in Keys(document))
        {
            if (_entries.TryGetValue(new IndexEntry(key, record), out var there) && --there.Uses == 0)
            {
                _entries.Remove(there);
            }
        }
    }

    /// <exception cref="ServerException">The document cannot be indexed here.</exception>
    public List<BsonValue[]> Keys(BsonDocument document)
    {
        if (Definition.Filter is { } filter && !filter.Matches(document, AnyTime))
        {
            return [];
        }

        var keys = KeyExtractor.Keys(document, Definition);
        IsMultikey |= keys.Count > 1;
        return keys;
    }

    public bool HasKey(BsonDocument document, BsonValue[] key) => Keys(document).Any(other => _order.CompareKeys(other, key) == 0);

    /// <summary>The records that have this key (or begin of a key) in some version.</summary>
    public IEnumerable<Record> Equal(BsonValue[] key) => Range(key, -1, key, 1, backwards: false).Select(entry => entry.Record!);

    /// <summary>The entries between two bounds, in the index's order or against it.</summary>
    public IEnumerable<IndexEntry> Range(BsonValue[] lower, int lowerSide, BsonValue[] upper, int upperSide, bool backwards)
    {
        var (from, to) = (new IndexEntry(lower, null, lowerSide), new IndexEntry(upper, null, upperSide));
        if (_order.Compare(from, to) > 0)
        {
            return [];
        }

        var view = _entries.GetViewBetween(from, to);
        return backwards ? view.Reverse() : view;
    }

    /// <summary>Whether an entry's key is one of the version that the reader sees.</summary>
    public bool IsCurrent(IndexEntry entry, BsonDocument visible) => entry.Record!.HasOneVersion || HasKey(visible, entry.Key);
}
