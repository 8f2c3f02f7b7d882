using MongoDB.Bson;
using Relaybox.MongoDouble.Language;

namespace Relaybox.MongoDouble.Indexes;

/// <summary>The order of an index: field by field in its direction, then by record.</summary>
internal sealed class IndexEntryOrder(int[] directions) : IComparer<IndexEntry>
{
    private static readonly ValueOrder Values = ValueOrder.Instance;

    public int Compare(IndexEntry? x, IndexEntry? y)
    {
        var order = CompareKeys(x!.Key, y!.Key);
        if (order != 0)
        {
            return order;
        }

        return x.Side != 0 || y.Side != 0
            ? x.Side.CompareTo(y.Side)
            : x.Record!.Id.CompareTo(y.Record!.Id);
    }

    /// <summary>Compares as many fields as both have.</summary>
    public int CompareKeys(BsonValue[] x, BsonValue[] y)
    {
        var length = Math.Min(x.Length, y.Length);
        for (var i = 0; i < length; i++)
        {
            var order = Values.Compare(x[i], y[i]);
            if (order != 0)
            {
                return order * directions[i];
            }
        }

        return 0;
    }
}
