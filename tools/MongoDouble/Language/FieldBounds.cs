using MongoDB.Bson;

namespace Relaybox.MongoDouble.Language;

/// <summary>
/// What a filter leaves of one field's keys in an index: some values, or a range, or everything. Every matching document has its key there, and
/// others may too, so that the filter is still to be asked. Holds only where no document has an array on the path: on an index over
/// arrays, two conditions may be fulfilled by two elements. A document without the field has the key null.
/// </summary>
internal sealed record FieldBounds
{
    /// <summary>The only keys, in order and each once; null where <see cref="Lower"/> and <see cref="Upper"/> say what is left.</summary>
    public IReadOnlyList<BsonValue>? Values { get; init; }

    public Bound? Lower { get; init; }

    public Bound? Upper { get; init; }

    public static FieldBounds Of(IEnumerable<BsonValue> values) =>
        new() { Values = [.. values.Distinct(ValueOrder.Instance).Order(ValueOrder.Instance).Select(value => value!)] };

    public bool Contains(BsonValue key) => Values is { } values
        ? values.Contains(key, ValueOrder.Instance)
        : (Lower is null || Side(key, Lower, 1)) && (Upper is null || Side(key, Upper, -1));

    /// <summary>The keys that both leave.</summary>
    public FieldBounds And(FieldBounds other)
    {
        if (Values is { } values)
        {
            return Of(values.Where(other.Contains));
        }
        return other.Values is not null
            ? other.And(this)
            : new() { Lower = Narrower(Lower, other.Lower, 1), Upper = Narrower(Upper, other.Upper, -1) };
    }

    private static bool Side(BsonValue key, Bound bound, int sign)
    {
        var order = ValueOrder.Instance.Compare(key, bound.Value) * sign;
        return order > 0 || (order == 0 && bound.Inclusive);
    }

    private static Bound? Narrower(Bound? one, Bound? other, int sign)
    {
        if (one is null || other is null)
        {
            return one ?? other;
        }
        var order = ValueOrder.Instance.Compare(one.Value, other.Value) * sign;
        return order == 0 ? one with { Inclusive = one.Inclusive && other.Inclusive } : order > 0 ? one : other;
    }
}
