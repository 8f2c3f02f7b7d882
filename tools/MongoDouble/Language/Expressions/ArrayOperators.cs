using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Expressions;

internal static class ArrayOperators
{
    public static IEnumerable<KeyValuePair<string, OperatorParser>> All =>
    [
        Operator.Fixed("$size", 1, Size),
        Operator.Fixed("$arrayElemAt", 2, ElementAt),
        Operator.Fixed("$first", 1, values => End("$first", values[0], array => array[0])),
        Operator.Fixed("$last", 1, values => End("$last", values[0], array => array[^1])),
        Operator.Ranged("$slice", 2, 3, Slice),
        Operator.Variadic("$concatArrays", Concat),
        Operator.Fixed("$reverseArray", 1, Reverse),
        Operator.Ranged("$indexOfArray", 2, 4, IndexOf),
        Operator.Ranged("$range", 2, 3, Range),
    ];

    private static BsonInt32 Size(BsonValue?[] values) => values[0] is BsonArray array
        ? new(array.Count)
        : throw Errors.Location(17124, $"The argument to $size must be an array, but was of type: {BsonTypes.Name(values[0])}");

    private static BsonValue? ElementAt(BsonValue?[] values)
    {
        if (BsonTypes.IsNullish(values[0]) || BsonTypes.IsNullish(values[1]))
        {
            return BsonNull.Value;
        }
        var array = values[0] as BsonArray
            ?? throw Errors.Location(28689, $"$arrayElemAt's first argument must be an array, but is {BsonTypes.Name(values[0])}");
        var index = Whole(values[1], 28690, 28691, "$arrayElemAt's second argument");
        index = index < 0 ? index + array.Count : index;
        return index >= 0 && index < array.Count ? array[index] : null;
    }

    private static BsonValue? End(string name, BsonValue? value, Func<BsonArray, BsonValue> take) => value switch
    {
        null or BsonNull or BsonUndefined => BsonNull.Value,
        BsonArray array => array.Count == 0 ? null : take(array),
        _ => throw Errors.Location(28689, $"{name}'s argument must be an array, but is {BsonTypes.Name(value)}"),
    };

    private static BsonValue Slice(BsonValue?[] values)
    {
        if (Array.Exists(values, BsonTypes.IsNullish))
        {
            return BsonNull.Value;
        }
        var array = values[0] as BsonArray
            ?? throw Errors.Location(28724, $"First argument to $slice must be an array, but is of type: {BsonTypes.Name(values[0])}");
        var second = Whole(values[1], 28725, 28726, "Second argument to $slice");
        if (values.Length == 2)
        {
            return new BsonArray(second >= 0 ? array.Take(second) : array.TakeLast(-second));
        }
        var count = Whole(values[2], 28727, 28728, "Third argument to $slice");
        if (count <= 0)
        {
            throw Errors.Location(28729, $"Third argument to $slice must be positive: {count}");
        }
        return new BsonArray(array.Skip(second >= 0 ? second : Math.Max(0, array.Count + second)).Take(count));
    }

    private static BsonValue Concat(BsonValue?[] values)
    {
        var all = new BsonArray();
        foreach (var value in values)
        {
            if (BsonTypes.IsNullish(value))
            {
                return BsonNull.Value;
            }
            all.AddRange(value as BsonArray
                ?? throw Errors.Location(28664, $"$concatArrays only supports arrays, not {BsonTypes.Name(value)}"));
        }
        return all;
    }

    private static BsonValue Reverse(BsonValue?[] values) => values[0] switch
    {
        null or BsonNull or BsonUndefined => BsonNull.Value,
        BsonArray array => new BsonArray(array.Reverse()),
        var other => throw Errors.Location(34435, $"The argument to $reverseArray must be an array, but was of type: {BsonTypes.Name(other)}"),
    };

    private static BsonValue IndexOf(BsonValue?[] values)
    {
        if (BsonTypes.IsNullish(values[0]))
        {
            return BsonNull.Value;
        }
        var array = values[0] as BsonArray
            ?? throw Errors.Location(40090, $"$indexOfArray requires an array as a first argument, found: {BsonTypes.Name(values[0])}");
        var start = values.Length > 2 ? Math.Max(0, Whole(values[2], 40096, 40096, "$indexOfArray's starting index")) : 0;
        var end = values.Length > 3 ? Whole(values[3], 40096, 40096, "$indexOfArray's ending index") : array.Count;
        for (var i = start; i < end && i < array.Count; i++)
        {
            if (ValueOrder.Instance.Equals(array[i], values[1]))
            {
                return new BsonInt32(i);
            }
        }
        return new BsonInt32(-1);
    }

    private static BsonArray Range(BsonValue?[] values)
    {
        var start = Whole(values[0], 34443, 34444, "$range's starting value");
        var end = Whole(values[1], 34445, 34446, "$range's ending value");
        var step = values.Length > 2 ? Whole(values[2], 34447, 34448, "$range's step value") : 1;
        if (step == 0)
        {
            throw Errors.Location(34449, "$range requires a non-zero step value");
        }
        var range = new BsonArray();
        for (long at = start; step > 0 ? at < end : at > end; at += step)
        {
            range.Add((int)at);
        }
        return range;
    }

    private static int Whole(BsonValue? value, int noNumber, int noInteger, string what)
    {
        if (!BsonTypes.IsNumber(value))
        {
            throw Errors.Location(noNumber, $"{what} must be a numeric value, but is {BsonTypes.Name(value)}");
        }
        return Numbers.TryWhole(value, out var whole) && whole is >= int.MinValue and <= int.MaxValue
            ? (int)whole
            : throw Errors.Location(noInteger, $"{what} must be representable as a 32-bit integer: {Text.Of(value)}");
    }
}
