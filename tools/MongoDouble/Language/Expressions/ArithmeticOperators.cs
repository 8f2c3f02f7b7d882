using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Expressions;

internal static class ArithmeticOperators
{
    public static IEnumerable<KeyValuePair<string, OperatorParser>> All =>
    [
        Operator.Variadic("$add", Add),
        Operator.Fixed("$subtract", 2, Subtract),
        Operator.Variadic("$multiply", Multiply),
        Operator.Fixed("$divide", 2, Divide),
        Operator.Fixed("$mod", 2, Mod),
        Operator.Fixed("$abs", 1, Abs),
        Operator.Variadic("$sum", values => Sum(Flat(values))),
        Operator.Variadic("$avg", values => Average(Flat(values))),
        Operator.Variadic("$min", values => Extreme(Flat(values), -1)),
        Operator.Variadic("$max", values => Extreme(Flat(values), 1)),
    ];

    /// <summary>The sum of the numbers; other values count as nothing.</summary>
    public static BsonValue Sum(IEnumerable<BsonValue?> values) =>
        values.Where(BsonTypes.IsNumber).Aggregate((BsonValue)Numbers.Zero, (sum, value) => AddNumbers(sum, value!));

    public static BsonValue Average(IEnumerable<BsonValue?> values)
    {
        var numbers = values.Where(BsonTypes.IsNumber).ToList();
        return numbers.Count == 0 ? BsonNull.Value : Numbers.Divide(Sum(numbers), new BsonInt32(numbers.Count));
    }

    /// <summary>The least (-1) or greatest (1) of the values that are neither missing nor null.</summary>
    public static BsonValue Extreme(IEnumerable<BsonValue?> values, int sign) =>
        values.Where(value => !BsonTypes.IsNullish(value)).Aggregate(
            (BsonValue?)null,
            (best, value) => best is null || Math.Sign(ValueOrder.Instance.Compare(value, best)) == sign ? value : best) ?? BsonNull.Value;

    /// <summary>Sums of int64 that do not fit become doubles.</summary>
    public static BsonValue AddNumbers(BsonValue left, BsonValue right) =>
        Numbers.Add(left, right) ?? new BsonDouble(Numbers.Real(left) + Numbers.Real(right));

    /// <summary>A single array stands for its elements.</summary>
    private static IEnumerable<BsonValue?> Flat(BsonValue?[] values) => values is [BsonArray array] ? array : values;

    private static BsonValue Add(BsonValue?[] values)
    {
        BsonValue sum = Numbers.Zero;
        var date = false;
        foreach (var value in values)
        {
            switch (value)
            {
                case null or BsonNull or BsonUndefined:
                    return BsonNull.Value;
                case BsonDateTime when date:
                    throw Errors.Location(16612, "only one date allowed in an $add expression");
                case BsonDateTime moment:
                    date = true;
                    sum = AddNumbers(sum, new BsonInt64(moment.MillisecondsSinceEpoch));
                    break;
                case BsonInt32 or BsonInt64 or BsonDouble or BsonDecimal128:
                    sum = AddNumbers(sum, value);
                    break;
                default:
                    throw Errors.TypeMismatch($"$add only supports numeric or date types, not {BsonTypes.Name(value)}");
            }
        }
        return date ? new BsonDateTime(Milliseconds(sum)) : sum;
    }

    private static BsonValue Subtract(BsonValue?[] values) => (values[0], values[1]) switch
    {
        var (left, right) when BsonTypes.IsNullish(left) || BsonTypes.IsNullish(right) => BsonNull.Value,
        (BsonDateTime left, BsonDateTime right) => new BsonInt64(left.MillisecondsSinceEpoch - right.MillisecondsSinceEpoch),
        (BsonDateTime left, { } right) when BsonTypes.IsNumber(right) =>
            new BsonDateTime(left.MillisecondsSinceEpoch - Milliseconds(right)),
        ({ } left, { } right) when BsonTypes.IsNumber(left) && BsonTypes.IsNumber(right) =>
            Numbers.Subtract(left, right) ?? new BsonDouble(Numbers.Real(left) - Numbers.Real(right)),
        var (left, right) => throw Errors.TypeMismatch($"can't $subtract {BsonTypes.Name(right)} from {BsonTypes.Name(left)}"),
    };

    private static BsonValue Multiply(BsonValue?[] values)
    {
        BsonValue product = new BsonInt32(1);
        foreach (var value in values)
        {
            if (BsonTypes.IsNullish(value))
            {
                return BsonNull.Value;
            }
            product = BsonTypes.IsNumber(value)
                ? Numbers.Multiply(product, value!) ?? new BsonDouble(Numbers.Real(product) * Numbers.Real(value!))
                : throw Errors.TypeMismatch($"$multiply only supports numeric types, not {BsonTypes.Name(value)}");
        }
        return product;
    }

    private static BsonValue Divide(BsonValue?[] values)
    {
        var (left, right) = (values[0], values[1]);
        if (BsonTypes.IsNumber(left) && BsonTypes.IsNumber(right))
        {
            return Numbers.IsZero(right!) ? throw Errors.BadValue("can't $divide by zero") : Numbers.Divide(left!, right!);
        }
        return BsonTypes.IsNullish(left) || BsonTypes.IsNullish(right) ? BsonNull.Value : throw Errors.TypeMismatch(
            $"$divide only supports numeric types, not {BsonTypes.Name(left)} and {BsonTypes.Name(right)}");
    }

    private static BsonValue Mod(BsonValue?[] values)
    {
        var (left, right) = (values[0], values[1]);
        if (BsonTypes.IsNumber(left) && BsonTypes.IsNumber(right))
        {
            return Numbers.IsZero(right!) ? throw Errors.Location(16610, "can't $mod by zero") : Numbers.Mod(left!, right!);
        }
        return BsonTypes.IsNullish(left) || BsonTypes.IsNullish(right) ? BsonNull.Value : throw Errors.Location(
            16611, $"$mod only supports numeric types, not {BsonTypes.Name(left)} and {BsonTypes.Name(right)}");
    }

    private static BsonValue Abs(BsonValue?[] values) => values[0] switch
    {
        null or BsonNull or BsonUndefined => BsonNull.Value,
        BsonInt32 number => number.Value == int.MinValue ? new BsonInt64(-(long)int.MinValue) : new BsonInt32(Math.Abs(number.Value)),
        BsonInt64 number => number.Value == long.MinValue
            ? throw Errors.Location(28680, "can't take $abs of long long min")
            : new BsonInt64(Math.Abs(number.Value)),
        BsonDouble number => new BsonDouble(Math.Abs(number.Value)),
        BsonDecimal128 number => Numbers.Real(number) < 0 ? Numbers.Multiply(number, new BsonInt32(-1)) ?? number : number,
        var other => throw Errors.Location(28765, $"$abs only supports numeric types, not {BsonTypes.Name(other)}"),
    };

    private static long Milliseconds(BsonValue number) => number switch
    {
        BsonInt32 or BsonInt64 => Numbers.Integer(number),
        _ when Numbers.IsFinite(number) && Math.Abs(Numbers.Real(number)) < long.MaxValue =>
            (long)Math.Round(Numbers.Real(number), MidpointRounding.AwayFromZero),
        _ => throw Errors.Location(16614, "date overflow"),
    };
}
