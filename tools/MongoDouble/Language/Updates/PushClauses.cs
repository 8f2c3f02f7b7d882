using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Updates;

/// <summary>What <c>$push</c> adds, where, in which order, and how much of the array it leaves.</summary>
internal sealed record PushClauses(BsonArray Values, long? Position, Comparison<BsonValue>? Order, long? Slice)
{
    public static PushClauses Parse(BsonValue operand)
    {
        if (operand is not BsonDocument document || !document.Contains("$each"))
        {
            return new([operand], null, null, null);
        }
        foreach (var clause in document.Names)
        {
            if (clause is not ("$each" or "$position" or "$slice" or "$sort"))
            {
                throw Errors.BadValue($"Unrecognized clause in $push: {clause}");
            }
        }
        var each = document["$each"] as BsonArray ?? throw Errors.BadValue(
            $"The argument to $each in $push must be an array but it was of type: {BsonTypes.Name(document["$each"])}");
        return new(
            each, Whole(document, "$position"), document.TryGetValue("$sort", out var sort) ? OrderOf(sort) : null, Whole(document, "$slice"));
    }

    public BsonArray Apply(BsonArray array)
    {
        var position = Position is not { } given ? array.Count : Math.Clamp(given < 0 ? given + array.Count : given, 0, array.Count);
        var all = array.Take((int)position).Concat(Values.Select(value => value.DeepClone())).Concat(array.Skip((int)position));
        if (Order is not null)
        {
            all = all.Order(Comparer<BsonValue>.Create(Order));
        }
        return new(Slice switch
        {
            null => all,
            < 0 => all.TakeLast((int)Math.Min(-Slice.Value, int.MaxValue)),
            _ => all.Take((int)Math.Min(Slice.Value, int.MaxValue)),
        });
    }

    private static long? Whole(BsonDocument document, string name)
    {
        if (!document.TryGetValue(name, out var value))
        {
            return null;
        }
        return Numbers.TryWhole(value, out var whole) ? whole : throw Errors.BadValue(
            $"The value for {name} must be an integer value but was given type: {BsonTypes.Name(value)}");
    }

    private static Comparison<BsonValue> OrderOf(BsonValue sort)
    {
        if (sort is BsonDocument document)
        {
            var order = SortOrder.Parse(document);
            return (one, other) => order.Compare(one as BsonDocument ?? [], other as BsonDocument ?? []);
        }
        return Numbers.TryWhole(sort, out var sign) && sign is 1 or -1
            ? (one, other) => ValueOrder.Instance.Compare(one, other) * (int)sign
            : throw Errors.BadValue("The $sort element value must be either 1 or -1");
    }
}
