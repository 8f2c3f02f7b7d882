using System.Globalization;
using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Expressions;

internal static class ConversionOperators
{
    private const string DateForm = "yyyy-MM-ddTHH:mm:ss.fffZ";
    private static readonly NamedArguments ConvertArguments = new(["input", "to"], ["onError", "onNull"], 9, 9, 9);

    public static IEnumerable<KeyValuePair<string, OperatorParser>> All =>
    [
        Short("$toString", BsonType.String),
        Short("$toInt", BsonType.Int32),
        Short("$toLong", BsonType.Int64),
        Short("$toDouble", BsonType.Double),
        Short("$toDecimal", BsonType.Decimal128),
        Short("$toDate", BsonType.DateTime),
        Short("$toBool", BsonType.Boolean),
        Short("$toObjectId", BsonType.ObjectId),
        Operator.Custom("$convert", Convert),
    ];

    public static string ToText(BsonValue value) => value switch
    {
        BsonString text => text.Value,
        BsonBoolean truth => truth.Value ? "true" : "false",
        BsonInt32 or BsonInt64 => Numbers.Integer(value).ToString(CultureInfo.InvariantCulture),
        BsonDouble { Value: var real } when double.IsNaN(real) => "NaN",
        BsonDouble { Value: var real } when double.IsInfinity(real) => real > 0 ? "Infinity" : "-Infinity",
        BsonDouble { Value: var real } => Real(real),
        BsonDecimal128 fine => fine.Value.ToString(),
        BsonObjectId id => id.Value.ToString(),
        BsonDateTime date => new DateTime(DateTime.UnixEpoch.Ticks + (date.MillisecondsSinceEpoch * TimeSpan.TicksPerMillisecond), DateTimeKind.Utc)
            .ToString(DateForm, CultureInfo.InvariantCulture),
        _ => throw Unsupported(value, BsonType.String),
    };

    private static string Real(double real)
    {
        var text = real.ToString("R", CultureInfo.InvariantCulture);
        return text.Replace("E+", "e+", StringComparison.Ordinal).Replace("E-", "e-", StringComparison.Ordinal);
    }

    private static KeyValuePair<string, OperatorParser> Short(string name, BsonType type) =>
        Operator.Fixed(name, 1, values => BsonTypes.IsNullish(values[0]) ? BsonNull.Value : To(values[0]!, type));

    private static Expression Convert(BsonValue operand, Names? names)
    {
        var named = ConvertArguments.Read("$convert", operand);
        var parts = named.ToDictionary(pair => pair.Key, pair => ExpressionParser.Parse(pair.Value, names));
        return new(scope =>
        {
            var (input, to) = (parts["input"].Evaluate(scope), parts["to"].Evaluate(scope));
            if (BsonTypes.IsNullish(input))
            {
                return parts.TryGetValue("onNull", out var onNull) ? onNull.Evaluate(scope) : BsonNull.Value;
            }
            if (BsonTypes.IsNullish(to))
            {
                return BsonNull.Value;
            }
            var type = Target(to!);
            try
            {
                return To(input!, type);
            }
            catch (ServerException e) when (e.Code == 241 && parts.ContainsKey("onError"))
            {
                return parts["onError"].Evaluate(scope);
            }
        })
        {
            IsConstant = parts.Values.All(part => part.IsConstant),
        };
    }

    private static BsonType Target(BsonValue to) => to switch
    {
        BsonString name => BsonTypes.Find(name.Value) ?? throw Errors.BadValue($"Unknown type name: {name.Value}"),
        _ when Numbers.TryWhole(to, out var number) => BsonTypes.Find(number)
            ?? throw Errors.FailedToParse($"In $convert, numeric value for 'to' does not correspond to a BSON type: {number}"),
        _ => throw Errors.FailedToParse($"$convert's 'to' argument must be a string or number, but is {BsonTypes.Name(to)}"),
    };

    private static BsonValue To(BsonValue value, BsonType type) => type switch
    {
        _ when value.BsonType == type && type is not (BsonType.Document or BsonType.Array) => value,
        BsonType.String => new BsonString(ToText(value)),
        BsonType.Boolean when value is BsonObjectId or BsonDateTime or BsonString => BsonBoolean.True,
        BsonType.Boolean when BsonTypes.IsNumber(value) => (BsonBoolean)!Numbers.IsZero(value),
        BsonType.Int32 => new BsonInt32((int)Integer(value, type, int.MinValue, int.MaxValue)),
        BsonType.Int64 when value is BsonDateTime date => new BsonInt64(date.MillisecondsSinceEpoch),
        BsonType.Int64 => new BsonInt64(Integer(value, type, long.MinValue, long.MaxValue)),
        BsonType.Double when value is BsonDateTime date => new BsonDouble(date.MillisecondsSinceEpoch),
        BsonType.Double => Double(value),
        BsonType.Decimal128 => Decimal(value),
        BsonType.DateTime => Date(value),
        BsonType.ObjectId when value is BsonString text => ObjectId.TryParse(text.Value, out var id)
            ? new BsonObjectId(id)
            : throw Failed(text, "objectId", "Invalid string length for parsing to OID, expected 24"),
        _ => throw Unsupported(value, type),
    };

    private static long Integer(BsonValue value, BsonType type, long least, long most)
    {
        switch (value)
        {
            case BsonBoolean truth:
                return truth.Value ? 1 : 0;
            case BsonString text:
                return long.TryParse(text.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var parsed)
                    && parsed >= least && parsed <= most
                    ? parsed
                    : throw Failed(text, BsonTypes.Name(type), "Did not consume whole string.");
            case var _ when !BsonTypes.IsNumber(value):
                throw Unsupported(value, type);
            case var _ when !Numbers.IsFinite(value):
                throw Errors.Conversion($"Attempt to convert {(Numbers.IsNaN(value) ? "NaN" : "infinity")} value to integer type in $convert");
        }
        var whole = DecimalParts.Exactly(value).Round(0, MidpointRounding.ToZero);
        return DecimalParts.Compare(whole, new(least, 0)) >= 0 && DecimalParts.Compare(whole, new(most, 0)) <= 0
            ? (long)(whole.Coefficient * System.Numerics.BigInteger.Pow(10, whole.Exponent))
            : throw Errors.Conversion($"Conversion would overflow target type in $convert with no onError value: {Text.Of(value)}");
    }

    private static BsonDouble Double(BsonValue value) => value switch
    {
        BsonBoolean truth => new(truth.Value ? 1 : 0),
        BsonString text => double.TryParse(text.Value, NumberStyles.Float & ~NumberStyles.AllowLeadingWhite & ~NumberStyles.AllowTrailingWhite,
            CultureInfo.InvariantCulture, out var real)
            ? new(real)
            : throw Failed(text, "double", "Did not consume whole string."),
        _ when BsonTypes.IsNumber(value) => new(Numbers.Real(value)),
        _ => throw Unsupported(value, BsonType.Double),
    };

    private static BsonDecimal128 Decimal(BsonValue value) => value switch
    {
        BsonBoolean truth => new(truth.Value ? Decimal128.One : Decimal128.Zero),
        BsonString text => Decimal128.TryParse(text.Value, out var fine)
            ? new(fine)
            : throw Failed(text, "decimal", "Failed to parse string to decimal"),
        BsonDateTime date => new DecimalParts(date.MillisecondsSinceEpoch, 0).ToDecimal128(),
        _ when BsonTypes.IsNumber(value) => Numbers.IsFinite(value)
            ? DecimalParts.ForArithmetic(value).ToDecimal128()
            : new(Numbers.IsNaN(value) ? Decimal128.QNaN : Numbers.Real(value) > 0 ? Decimal128.PositiveInfinity : Decimal128.NegativeInfinity),
        _ => throw Unsupported(value, BsonType.Decimal128),
    };

    private static BsonDateTime Date(BsonValue value) => value switch
    {
        BsonInt64 or BsonDouble or BsonDecimal128 => new(Integer(value, BsonType.DateTime, long.MinValue, long.MaxValue)),
        BsonTimestamp timestamp => new(timestamp.Timestamp * 1000L),
        BsonObjectId id => new(new DateTimeOffset(id.Value.CreationTime).ToUnixTimeMilliseconds()),
        BsonString text => DateTimeOffset.TryParse(text.Value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date)
            ? new(date.ToUnixTimeMilliseconds())
            : throw Errors.Conversion($"Error parsing date string '{text.Value}'; 0: Unexpected character '{text.Value.FirstOrDefault()}'"),
        _ => throw Unsupported(value, BsonType.DateTime),
    };

    private static ServerException Failed(BsonString text, string type, string why) =>
        Errors.Conversion($"Failed to parse {(type == "objectId" ? "objectId" : "number")} '{text.Value}' in $convert with no onError value: {why}");

    private static ServerException Unsupported(BsonValue value, BsonType type) => Errors.Conversion(
        $"Unsupported conversion from {BsonTypes.Name(value)} to {BsonTypes.Name(type)} in $convert with no onError value");
}
