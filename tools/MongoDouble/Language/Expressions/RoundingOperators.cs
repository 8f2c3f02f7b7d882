using System.Numerics;
using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Expressions;

internal static class RoundingOperators
{
    public static IEnumerable<KeyValuePair<string, OperatorParser>> All =>
    [
        Operator.Fixed("$floor", 1, values => Whole("$floor", values[0], MidpointRounding.ToNegativeInfinity)),
        Operator.Fixed("$ceil", 1, values => Whole("$ceil", values[0], MidpointRounding.ToPositiveInfinity)),
        Operator.Ranged("$trunc", 1, 2, values => Place("$trunc", values, MidpointRounding.ToZero)),
        Operator.Ranged("$round", 1, 2, values => Place("$round", values, MidpointRounding.ToEven)),
    ];

    private static BsonValue Whole(string name, BsonValue? value, MidpointRounding rounding) => value switch
    {
        null or BsonNull or BsonUndefined => BsonNull.Value,
        _ when BsonTypes.IsNumber(value) => Round(value, 0, rounding),
        _ => throw Errors.Location(28765, $"{name} only supports numeric types, not {BsonTypes.Name(value)}"),
    };

    private static BsonValue Place(string name, BsonValue?[] values, MidpointRounding rounding)
    {
        if (BsonTypes.IsNullish(values[0]) || (values.Length == 2 && BsonTypes.IsNullish(values[1])))
        {
            return BsonNull.Value;
        }
        if (!BsonTypes.IsNumber(values[0]))
        {
            throw Errors.Location(51081, $"{name} only supports numeric types, not {BsonTypes.Name(values[0])}");
        }
        long place = 0;
        if (values.Length == 2 && !Numbers.TryWhole(values[1], out place))
        {
            throw Errors.Location(51082, $"precision argument to  {name} must be a integral value");
        }
        return place is < -20 or > 100
            ? throw Errors.Location(51083, $"cannot apply {name} with precision value {place} value must be in [-20, 100]")
            : Round(values[0]!, (int)place, rounding);
    }

    /// <summary>Rounds to a place after the point (or, below zero, before it), on the number that the value is exactly.</summary>
    private static BsonValue Round(BsonValue value, int place, MidpointRounding rounding)
    {
        if (!Numbers.IsFinite(value) || (Numbers.IsInteger(value) && place >= 0))
        {
            return value;
        }
        var rounded = DecimalParts.Exactly(value).Round(-place, rounding);
        switch (value)
        {
            case BsonDouble real:
                return new BsonDouble(Math.CopySign(rounded.ToDouble(), real.Value));
            case BsonDecimal128:
                return rounded.ToDecimal128();
        }
        if (!Numbers.InLong(rounded))
        {
            throw Errors.Location(51080, "invalid conversion from Decimal128 result in round or trunc");
        }
        var whole = (long)(rounded.Coefficient * BigInteger.Pow(10, rounded.Exponent));
        return value is BsonInt32 ? Numbers.Narrowest(whole) : new BsonInt64(whole);
    }
}
