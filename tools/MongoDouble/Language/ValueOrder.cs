using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language;

/// <summary>
/// The comparison order of BSON over values of all types. A null reference stands for a missing value, which is below null.
/// </summary>
internal sealed class ValueOrder : IComparer<BsonValue?>, IEqualityComparer<BsonValue?>
{
    public static readonly ValueOrder Instance = new();

    private ValueOrder()
    {
    }

    public int Compare(BsonValue? x, BsonValue? y)
    {
        var rank = BsonTypes.Rank(x);
        var byRank = rank.CompareTo(BsonTypes.Rank(y));
        return byRank != 0 || x is null || y is null ? byRank : OfOneRank(x, y);
    }

    public bool Equals(BsonValue? x, BsonValue? y) => Compare(x, y) == 0;

    public int GetHashCode(BsonValue? obj) => obj switch
    {
        null or BsonUndefined => 0,
        BsonInt32 or BsonInt64 or BsonDouble or BsonDecimal128 => Numbers.Hash(obj),
        BsonString text => text.Value.GetHashCode(StringComparison.Ordinal),
        BsonSymbol symbol => symbol.Name.GetHashCode(StringComparison.Ordinal),
        BsonDocument document => document.Aggregate(
            17, (hash, field) => HashCode.Combine(hash, field.Name.GetHashCode(StringComparison.Ordinal), GetHashCode(field.Value))),
        BsonArray array => array.Aggregate(19, (hash, item) => HashCode.Combine(hash, GetHashCode(item))),
        _ => obj.GetHashCode(),
    };

    private int OfOneRank(BsonValue x, BsonValue y) => x switch
    {
        BsonInt32 or BsonInt64 or BsonDouble or BsonDecimal128 => Numbers.Compare(x, y),
        BsonString or BsonSymbol => Text.Compare(Characters(x), Characters(y)),
        BsonDocument document => Documents(document, (BsonDocument)y),
        BsonArray array => Arrays(array, (BsonArray)y),
        BsonBinaryData binary => Binaries(binary, (BsonBinaryData)y),
        BsonObjectId id => id.Value.CompareTo(((BsonObjectId)y).Value),
        BsonBoolean truth => truth.Value.CompareTo(((BsonBoolean)y).Value),
        BsonDateTime date => date.MillisecondsSinceEpoch.CompareTo(((BsonDateTime)y).MillisecondsSinceEpoch),
        BsonTimestamp timestamp => ((ulong)timestamp.Value).CompareTo((ulong)((BsonTimestamp)y).Value),
        BsonRegularExpression regex => Regexes(regex, (BsonRegularExpression)y),
        BsonJavaScriptWithScope => x.CompareTo(y),
        BsonJavaScript code => Text.Compare(code.Code, ((BsonJavaScript)y).Code),
        _ => 0,
    };

    private static string Characters(BsonValue value) => value is BsonString text ? text.Value : ((BsonSymbol)value).Name;

    /// <summary>Field by field: first the rank of the types, then the names, then the values. Fewer fields are less.</summary>
    private int Documents(BsonDocument x, BsonDocument y)
    {
        for (var i = 0; i < x.ElementCount && i < y.ElementCount; i++)
        {
            var (left, right) = (x.GetElement(i), y.GetElement(i));
            var order = BsonTypes.Rank(left.Value).CompareTo(BsonTypes.Rank(right.Value));
            order = order != 0 ? order : Text.Compare(left.Name, right.Name);
            order = order != 0 ? order : Compare(left.Value, right.Value);
            if (order != 0)
            {
                return order;
            }
        }
        return x.ElementCount.CompareTo(y.ElementCount);
    }

    private int Arrays(BsonArray x, BsonArray y)
    {
        for (var i = 0; i < x.Count && i < y.Count; i++)
        {
            var order = Compare(x[i], y[i]);
            if (order != 0)
            {
                return order;
            }
        }
        return x.Count.CompareTo(y.Count);
    }

    private static int Binaries(BsonBinaryData x, BsonBinaryData y)
    {
        var order = x.Bytes.Length.CompareTo(y.Bytes.Length);
        order = order != 0 ? order : x.SubType.CompareTo(y.SubType);
        return order != 0 ? order : x.Bytes.AsSpan().SequenceCompareTo(y.Bytes);
    }

    private static int Regexes(BsonRegularExpression x, BsonRegularExpression y)
    {
        var order = Text.Compare(x.Pattern, y.Pattern);
        return order != 0 ? order : Text.Compare(x.Options, y.Options);
    }
}
