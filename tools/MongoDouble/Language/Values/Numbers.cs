using MongoDB.Bson;

namespace Relaybox.MongoDouble.Language.Values;

/// <summary>Comparison and arithmetic across the four types of numbers.</summary>
internal static class Numbers
{
    public static readonly BsonInt32 Zero = new(0);

    public static bool IsNaN(BsonValue? value) =>
        (value is BsonDouble real && double.IsNaN(real.Value)) || (value is BsonDecimal128 fine && Decimal128.IsNaN(fine.Value));

    public static bool IsFinite(BsonValue value) => value switch
    {
        BsonDouble real => double.IsFinite(real.Value),
        BsonDecimal128 fine => !Decimal128.IsNaN(fine.Value) && !Decimal128.IsInfinity(fine.Value),
        _ => true,
    };

    /// <summary>By value, whatever the types; NaN is below all others and equals itself.</summary>
    public static int Compare(BsonValue left, BsonValue right)
    {
        if (IsInteger(left) && IsInteger(right))
        {
            return Integer(left).CompareTo(Integer(right));
        }
        if (left is BsonDouble one && right is BsonDouble other)
        {
            return one.Value.CompareTo(other.Value);
        }
        if (!IsFinite(left) || !IsFinite(right))
        {
            return BeyondFinite(left).CompareTo(BeyondFinite(right));
        }
        return DecimalParts.Compare(DecimalParts.Exactly(left), DecimalParts.Exactly(right));
    }

    public static int Hash(BsonValue number)
    {
        var real = Real(number);
        return real == 0 ? 0 : real.GetHashCode();
    }

    public static bool IsInteger(BsonValue? value) => value is BsonInt32 or BsonInt64;

    public static long Integer(BsonValue value) => value is BsonInt32 int32 ? int32.Value : ((BsonInt64)value).Value;

    public static double Real(BsonValue value) => value switch
    {
        BsonInt32 int32 => int32.Value,
        BsonInt64 int64 => int64.Value,
        BsonDouble real => real.Value,
        BsonDecimal128 { Value: var fine } when Decimal128.IsNaN(fine) => double.NaN,
        BsonDecimal128 { Value: var fine } when Decimal128.IsPositiveInfinity(fine) => double.PositiveInfinity,
        BsonDecimal128 { Value: var fine } when Decimal128.IsNegativeInfinity(fine) => double.NegativeInfinity,
        _ => DecimalParts.Exactly(value).ToDouble(),
    };

    /// <summary>The integer that a number of any type is exactly.</summary>
    public static bool TryWhole(BsonValue? value, out long whole)
    {
        whole = 0;
        if (IsInteger(value))
        {
            whole = Integer(value!);
            return true;
        }
        if (!BsonTypes.IsNumber(value) || !IsFinite(value!))
        {
            return false;
        }
        var rounded = DecimalParts.Exactly(value!).Round(0, MidpointRounding.ToZero);
        if (DecimalParts.Compare(rounded, DecimalParts.Exactly(value!)) != 0 || !InLong(rounded))
        {
            return false;
        }
        whole = (long)(rounded.Coefficient * System.Numerics.BigInteger.Pow(10, rounded.Exponent));
        return true;
    }

    public static bool InLong(DecimalParts parts) =>
        DecimalParts.Compare(parts, new(long.MinValue, 0)) >= 0 && DecimalParts.Compare(parts, new(long.MaxValue, 0)) <= 0;

    /// <summary>The sum in the wider type of the two, an int64 where an int32 is too small, and null where an int64 is.</summary>
    public static BsonValue? Add(BsonValue left, BsonValue right) => Combine(
        left, right, (a, b) => a + b, (a, b) => a + b, (a, b) => a + b);

    public static BsonValue? Subtract(BsonValue left, BsonValue right) => Combine(
        left, right, (a, b) => a - b, (a, b) => a - b, (a, b) => a - b);

    public static BsonValue? Multiply(BsonValue left, BsonValue right) => Combine(
        left, right, (a, b) => a * b, (a, b) => a * b, (a, b) => a * b);

    public static bool IsZero(BsonValue number) => Real(number) == 0;

    /// <summary>A double, or a decimal where one of the two is.</summary>
    public static BsonValue Divide(BsonValue left, BsonValue right) =>
        left is not BsonDecimal128 && right is not BsonDecimal128
            ? new BsonDouble(Real(left) / Real(right))
            : Fine(left, right, (a, b) => a / b, (a, b) => a / b);

    public static BsonValue Mod(BsonValue left, BsonValue right)
    {
        if (left is BsonDecimal128 || right is BsonDecimal128)
        {
            return Fine(left, right, (a, b) => a % b, (a, b) => a % b);
        }
        if (left is BsonDouble || right is BsonDouble)
        {
            return new BsonDouble(Real(left) % Real(right));
        }
        var rest = Integer(right) == -1 ? 0 : Integer(left) % Integer(right);
        return left is BsonInt32 && right is BsonInt32 ? new BsonInt32((int)rest) : new BsonInt64(rest);
    }

    public static BsonValue Narrowest(long value) => value is >= int.MinValue and <= int.MaxValue ? new BsonInt32((int)value) : new BsonInt64(value);

    /// <summary>NaN, minus infinity, all that is finite, infinity. A decimal may be finite and still too large for a double.</summary>
    private static int BeyondFinite(BsonValue number) => IsNaN(number) ? -2 : IsFinite(number) ? 0 : Real(number) > 0 ? 1 : -1;

    private static BsonValue? Combine(
        BsonValue left,
        BsonValue right,
        Func<Int128, Int128, Int128> whole,
        Func<double, double, double> real,
        Func<DecimalParts, DecimalParts, DecimalParts> fine)
    {
        if (left is BsonDecimal128 || right is BsonDecimal128)
        {
            return Fine(left, right, fine, real);
        }
        if (left is BsonDouble || right is BsonDouble)
        {
            return new BsonDouble(real(Real(left), Real(right)));
        }
        var result = whole(Integer(left), Integer(right));
        if (result < long.MinValue || result > long.MaxValue)
        {
            return null;
        }
        return left is BsonInt32 && right is BsonInt32 ? Narrowest((long)result) : new BsonInt64((long)result);
    }

    private static BsonValue Fine(
        BsonValue left, BsonValue right, Func<DecimalParts, DecimalParts, DecimalParts> fine, Func<double, double, double> real)
    {
        if (IsFinite(left) && IsFinite(right))
        {
            return fine(DecimalParts.ForArithmetic(left), DecimalParts.ForArithmetic(right)).ToDecimal128();
        }
        var result = real(Real(left), Real(right));
        return new BsonDecimal128(
            double.IsNaN(result) ? Decimal128.QNaN : result > 0 ? Decimal128.PositiveInfinity : Decimal128.NegativeInfinity);
    }
}
