using System.Globalization;
using System.Numerics;
using MongoDB.Bson;

namespace Relaybox.MongoDouble.Language.Values;

/// <summary>A number as coefficient × 10^exponent, which every number of BSON but NaN and the infinities is exactly.</summary>
internal readonly record struct DecimalParts(BigInteger Coefficient, int Exponent)
{
    private const int Digits = 34;
    private const int MinExponent = -6176;
    private const int MaxExponent = 6111;
    private static readonly BigInteger Limit = BigInteger.Pow(10, Digits);

    public static DecimalParts Exactly(BsonValue number) => number switch
    {
        BsonInt32 int32 => new(int32.Value, 0),
        BsonInt64 int64 => new(int64.Value, 0),
        BsonDouble real => Exactly(real.Value),
        _ => Exactly(((BsonDecimal128)number).Value),
    };

    /// <summary>As arithmetic with decimals takes a number: of a double only the fifteen digits that it surely has.</summary>
    public static DecimalParts ForArithmetic(BsonValue number) =>
        number is BsonDouble real ? Parse(real.Value.ToString("E14", CultureInfo.InvariantCulture)) : Exactly(number);

    public static int Compare(DecimalParts left, DecimalParts right)
    {
        var exponent = Math.Min(left.Exponent, right.Exponent);
        return left.Scaled(exponent).CompareTo(right.Scaled(exponent));
    }

    public static DecimalParts operator +(DecimalParts left, DecimalParts right)
    {
        var exponent = Math.Min(left.Exponent, right.Exponent);
        return new(left.Scaled(exponent) + right.Scaled(exponent), exponent);
    }

    public static DecimalParts operator -(DecimalParts left, DecimalParts right) => left + new DecimalParts(-right.Coefficient, right.Exponent);

    public static DecimalParts operator *(DecimalParts left, DecimalParts right) =>
        new(left.Coefficient * right.Coefficient, left.Exponent + right.Exponent);

    /// <summary>The quotient to 40 digits, which <see cref="ToDecimal128"/> rounds.</summary>
    public static DecimalParts operator /(DecimalParts left, DecimalParts right)
    {
        var exact = BigInteger.DivRem(left.Coefficient, right.Coefficient, out var rest);
        if (rest.IsZero)
        {
            return new(exact, left.Exponent - right.Exponent);
        }
        const int More = 76;
        return new(left.Coefficient * BigInteger.Pow(10, More) / right.Coefficient, left.Exponent - right.Exponent - More);
    }

    public static DecimalParts operator %(DecimalParts left, DecimalParts right)
    {
        var exponent = Math.Min(left.Exponent, right.Exponent);
        return new(BigInteger.Remainder(left.Scaled(exponent), right.Scaled(exponent)), exponent);
    }

    /// <summary>The whole multiple of 10^exponent at this number, by the given way of rounding.</summary>
    public DecimalParts Round(int exponent, MidpointRounding rounding)
    {
        if (Exponent >= exponent)
        {
            return this;
        }
        var divisor = BigInteger.Pow(10, exponent - Exponent);
        var whole = BigInteger.DivRem(Coefficient, divisor, out var rest);
        var up = rounding switch
        {
            MidpointRounding.ToZero => 0,
            MidpointRounding.ToNegativeInfinity => rest.Sign < 0 ? -1 : 0,
            MidpointRounding.ToPositiveInfinity => rest.Sign > 0 ? 1 : 0,
            _ => Half(whole, rest, divisor),
        };
        return new(whole + up, exponent);
    }

    public BsonDecimal128 ToDecimal128()
    {
        var parts = this;
        while (BigInteger.Abs(parts.Coefficient) >= Limit)
        {
            var surplus = (int)Math.Floor(BigInteger.Log10(BigInteger.Abs(parts.Coefficient))) + 1 - Digits;
            parts = parts.Round(parts.Exponent + Math.Max(1, surplus), MidpointRounding.ToEven);
        }
        parts = parts.Exponent < MinExponent ? parts.Round(MinExponent, MidpointRounding.ToEven) : parts;
        while (parts.Exponent > MaxExponent && BigInteger.Abs(parts.Coefficient) * 10 < Limit)
        {
            parts = new(parts.Coefficient * 10, parts.Exponent - 1);
        }
        if (parts.Exponent > MaxExponent)
        {
            return new(parts.Coefficient.Sign < 0 ? Decimal128.NegativeInfinity : Decimal128.PositiveInfinity);
        }
        var magnitude = BigInteger.Abs(parts.Coefficient);
        var high = ((ulong)(parts.Exponent - MinExponent) << 49) | (ulong)(magnitude >> 64);
        return new(Decimal128.FromIEEEBits(parts.Coefficient.Sign < 0 ? high | (1UL << 63) : high, (ulong)(magnitude & ulong.MaxValue)));
    }

    public double ToDouble() => double.Parse($"{Coefficient}E{Exponent}", CultureInfo.InvariantCulture);

    private static int Half(BigInteger whole, BigInteger rest, BigInteger divisor)
    {
        var half = BigInteger.Abs(rest * 2).CompareTo(divisor);
        return half > 0 || (half == 0 && !whole.IsEven) ? rest.Sign : 0;
    }

    private static DecimalParts Exactly(double value)
    {
        var bits = BitConverter.DoubleToInt64Bits(value);
        var exponent = (int)((bits >> 52) & 0x7ff);
        var mantissa = bits & 0xfffffffffffffL;
        BigInteger coefficient = exponent == 0 ? mantissa : mantissa | (1L << 52);
        coefficient = bits < 0 ? -coefficient : coefficient;
        var power = Math.Max(exponent, 1) - 1075;
        return power >= 0 ? new(coefficient << power, 0) : new(coefficient * BigInteger.Pow(5, -power), power);
    }

    private static DecimalParts Exactly(Decimal128 value)
    {
        var high = value.GetIEEEHighBits();
        if (((high >> 61) & 3) == 3)
        {
            return default;
        }
        var coefficient = (new BigInteger(high & 0x1ffffffffffffUL) << 64) | value.GetIEEELowBits();
        return new(high >> 63 == 1 ? -coefficient : coefficient, (int)((high >> 49) & 0x3fff) + MinExponent);
    }

    private static DecimalParts Parse(string scientific)
    {
        var at = scientific.IndexOf('E', StringComparison.Ordinal);
        var point = scientific.IndexOf('.', StringComparison.Ordinal);
        var coefficient = BigInteger.Parse(scientific[..point] + scientific[(point + 1)..at], CultureInfo.InvariantCulture);
        var parts = new DecimalParts(coefficient, int.Parse(scientific[(at + 1)..], CultureInfo.InvariantCulture) - (at - point - 1));
        while (!parts.Coefficient.IsZero && parts.Exponent < 0 && BigInteger.Remainder(parts.Coefficient, 10).IsZero)
        {
            parts = new(parts.Coefficient / 10, parts.Exponent + 1);
        }
        return parts.Coefficient.IsZero ? default : parts;
    }

    private BigInteger Scaled(int exponent) => Exponent == exponent ? Coefficient : Coefficient * BigInteger.Pow(10, Exponent - exponent);
}
