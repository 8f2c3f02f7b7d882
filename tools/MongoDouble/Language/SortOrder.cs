using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Filters;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language;

/// <summary>A sort's order of documents. What is missing sorts as null, an array by its least (or, downwards, greatest) element.</summary>
internal sealed class SortOrder : IComparer<BsonDocument>
{
    private readonly (string[] Path, int Sign)[] _keys;

    private SortOrder((string[] Path, int Sign)[] keys) => _keys = keys;

    public static SortOrder Parse(BsonDocument specification) => new([.. specification.Select(Key)]);

    public int Compare(BsonDocument? x, BsonDocument? y)
    {
        foreach (var (path, sign) in _keys)
        {
            var order = ValueOrder.Instance.Compare(Value(x!, path, sign), Value(y!, path, sign));
            if (order != 0)
            {
                return order * sign;
            }
        }
        return 0;
    }

    private static (string[] Path, int Sign) Key(BsonElement field)
    {
        if (field.Value is BsonDocument { ElementCount: > 0 } meta && meta.GetElement(0).Name == "$meta")
        {
            throw Errors.NotInDouble("$meta in a sort");
        }
        if (!BsonTypes.IsNumber(field.Value))
        {
            throw Errors.Location(15974, $"Illegal key in $sort specification: {field.Name}: {Text.Of(field.Value)}");
        }
        return Numbers.TryWhole(field.Value, out var sign) && sign is 1 or -1
            ? (Expressions.FieldPaths.Split(field.Name), (int)sign)
            : throw Errors.Location(15975, "$sort key ordering must be 1 (for ascending) or -1 (for descending)");
    }

    private static BsonValue Value(BsonDocument document, string[] path, int sign)
    {
        if (path.Length == 1 && (!document.TryGetValue(path[0], out var simple) || simple is not BsonArray))
        {
            return document.GetValue(path[0], BsonNull.Value);
        }
        var best = new Best(sign);
        PathWalk.Any(document, path, best, Unused);
        return best.Value ?? BsonNull.Value;
    }

    private static readonly Evaluation Unused = new(DateTime.UnixEpoch);

    /// <summary>Looks at all the values of a path and keeps the one that sorts first.</summary>
    private sealed class Best(int sign) : Predicate
    {
        public BsonValue? Value { get; private set; }

        public override bool Holds(BsonValue? value, Evaluation evaluation)
        {
            var key = value switch
            {
                null => BsonNull.Value,
                BsonArray { Count: 0 } => BsonUndefined.Value,
                BsonArray when Value is not null => null,
                _ => value,
            };
            if (key is not null && (Value is null || ValueOrder.Instance.Compare(key, Value) * sign < 0))
            {
                Value = key;
            }
            return false;
        }
    }
}
