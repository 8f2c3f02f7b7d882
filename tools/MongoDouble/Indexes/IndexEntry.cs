using MongoDB.Bson;
using Relaybox.MongoDouble.Storage;

namespace Relaybox.MongoDouble.Indexes;

/// <summary>A key of an index and the record that has it, in one of its versions at least.</summary>
/// <param name="key">The values of the index's fields; a bound of a range may have fewer.</param>
/// <param name="record">The record; null for a bound.</param>
/// <param name="side">For a bound: -1 stands before every entry with its key, 1 after.</param>
internal sealed class IndexEntry(BsonValue[] key, Record? record, int side = 0)
{
    public BsonValue[] Key => key;

    public Record? Record => record;

    public int Side => side;

    /// <summary>How many versions of the record have this key.</summary>
    public int Uses { get; set; }
}
