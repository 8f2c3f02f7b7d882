using System.Globalization;
using System.Text;
using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Expressions;

internal static class StringOperators
{
    public static IEnumerable<KeyValuePair<string, OperatorParser>> All =>
    [
        Operator.Variadic("$concat", Concat),
        Operator.Fixed("$substrBytes", 3, values => SubstrBytes("$substrBytes", values)),
        Operator.Fixed("$substr", 3, values => SubstrBytes("$substrBytes", values)),
        Operator.Fixed("$substrCP", 3, SubstrCodePoints),
        Operator.Fixed("$strLenBytes", 1, values => Length("$strLenBytes", 34473, values[0], Text.Bytes)),
        Operator.Fixed("$strLenCP", 1, values => Length("$strLenCP", 34471, values[0], Text.Characters)),
        Operator.Fixed("$toUpper", 1, values => new BsonString(Map(Coerced(values[0]), char.IsAsciiLetterLower, letter => (char)(letter - 32)))),
        Operator.Fixed("$toLower", 1, values => new BsonString(Map(Coerced(values[0]), char.IsAsciiLetterUpper, letter => (char)(letter + 32)))),
        Operator.Fixed("$strcasecmp", 2, values => new BsonInt32(Math.Sign(Text.Compare(Lower(values[0]), Lower(values[1]))))),
        Operator.Fixed("$split", 2, Split),
        Operator.Ranged("$indexOfBytes", 2, 4, values => IndexOf("$indexOfBytes", 40091, values)),
    ];

    /// <summary>The text that string operators make of numbers and dates; of null and missing an empty one.</summary>
    public static string Coerced(BsonValue? value) => value switch
    {
        null or BsonNull or BsonUndefined => "",
        BsonString text => text.Value,
        BsonSymbol symbol => symbol.Name,
        BsonInt32 or BsonInt64 or BsonDouble or BsonDecimal128 or BsonDateTime => ConversionOperators.ToText(value),
        _ => throw Errors.Location(16007, $"can't convert from BSON type {BsonTypes.Name(value)} to String"),
    };

    private static string Lower(BsonValue? value) => Map(Coerced(value), char.IsAsciiLetterUpper, letter => (char)(letter + 32));

    private static string Map(string text, Func<char, bool> affects, Func<char, char> map) =>
        string.Create(text.Length, text, (span, source) =>
        {
            for (var i = 0; i < span.Length; i++)
            {
                span[i] = affects(source[i]) ? map(source[i]) : source[i];
            }
        });

    private static BsonValue Concat(BsonValue?[] values)
    {
        var text = new StringBuilder();
        foreach (var value in values)
        {
            if (BsonTypes.IsNullish(value))
            {
                return BsonNull.Value;
            }
            text.Append(value is BsonString part
                ? part.Value
                : throw Errors.Location(16702, $"$concat only supports strings, not {BsonTypes.Name(value)}"));
        }
        return text.ToString();
    }

    private static BsonInt32 Length(string name, int code, BsonValue? value, Func<string, int> measure) => value is BsonString text
        ? new(measure(text.Value))
        : throw Errors.Location(code, $"{name} requires a string argument, found: {BsonTypes.Name(value)}");

    private static BsonString SubstrBytes(string name, BsonValue?[] values)
    {
        var bytes = Encoding.UTF8.GetBytes(Coerced(values[0]));
        var start = Truncated(values[1], 16034, $"{name}:  starting index must be a numeric type (is BSON type {BsonTypes.Name(values[1])})");
        var length = Truncated(values[2], 16035, $"{name}:  length must be a numeric type (is BSON type {BsonTypes.Name(values[2])})");
        if (start < 0)
        {
            throw Errors.Location(50752, $"{name}:  starting index must be non-negative (got: {start})");
        }
        if (start >= bytes.Length)
        {
            return BsonString.Empty;
        }
        var end = length < 0 || length > bytes.Length - start ? bytes.Length : start + length;
        if (IsContinuation(bytes, start))
        {
            throw Errors.Location(28656, $"{name}:  Invalid range, starting index is a UTF-8 continuation byte.");
        }
        if (IsContinuation(bytes, end))
        {
            throw Errors.Location(28657, $"{name}:  Invalid range, ending index is in the middle of a UTF-8 character.");
        }
        return Encoding.UTF8.GetString(bytes.AsSpan((int)start, (int)(end - start)));
    }

    private static bool IsContinuation(byte[] bytes, long at) => at < bytes.Length && (bytes[at] & 0xc0) == 0x80;

    private static BsonString SubstrCodePoints(BsonValue?[] values)
    {
        var runes = Coerced(values[0]).EnumerateRunes().ToArray();
        var start = Index(values[1], 34450, 34451, 34455, "starting index");
        var length = Index(values[2], 34452, 34453, 34454, "length");
        return string.Concat(runes.Skip(start).Take(length).Select(rune => rune.ToString()));
    }

    private static int Index(BsonValue? value, int noNumber, int noInteger, int negative, string what)
    {
        if (!BsonTypes.IsNumber(value))
        {
            throw Errors.Location(noNumber, $"$substrCP: {what} must be a numeric type (is BSON type {BsonTypes.Name(value)})");
        }
        if (!Numbers.TryWhole(value, out var whole) || whole is > int.MaxValue or < int.MinValue)
        {
            throw Errors.Location(noInteger, $"$substrCP: {what} cannot be represented as a 32-bit integral value: {Text.Of(value)}");
        }
        return whole < 0 ? throw Errors.Location(negative, $"$substrCP: {what} must be non-negative") : (int)whole;
    }

    private static long Truncated(BsonValue? value, int code, string message) =>
        BsonTypes.IsNumber(value) ? (long)Numbers.Real(value!) : throw Errors.Location(code, message);

    private static BsonValue Split(BsonValue?[] values)
    {
        if (BsonTypes.IsNullish(values[0]) || BsonTypes.IsNullish(values[1]))
        {
            return BsonNull.Value;
        }
        var text = values[0] as BsonString ?? throw Errors.Location(
            40085, $"$split requires an expression that evaluates to a string as a first argument, found: {BsonTypes.Name(values[0])}");
        var separator = values[1] as BsonString ?? throw Errors.Location(
            40086, $"$split requires an expression that evaluates to a string as a second argument, found: {BsonTypes.Name(values[1])}");
        return separator.Value.Length == 0
            ? throw Errors.Location(40087, "$split requires a non-empty separator")
            : new BsonArray(text.Value.Split(separator.Value));
    }

    private static BsonValue IndexOf(string name, int code, BsonValue?[] values)
    {
        if (BsonTypes.IsNullish(values[0]))
        {
            return BsonNull.Value;
        }
        var text = values[0] as BsonString
            ?? throw Errors.Location(code, $"{name} requires a string as the first argument, found: {BsonTypes.Name(values[0])}");
        var part = values[1] as BsonString
            ?? throw Errors.Location(code + 1, $"{name} requires a string as the second argument, found: {BsonTypes.Name(values[1])}");
        var (bytes, wanted) = (Encoding.UTF8.GetBytes(text.Value), Encoding.UTF8.GetBytes(part.Value));
        var start = values.Length > 2 ? Bound(name, values[2], "starting") : 0;
        var end = Math.Min(values.Length > 3 ? Bound(name, values[3], "ending") : bytes.Length, bytes.Length);
        if (start > end)
        {
            return new BsonInt32(-1);
        }
        var found = bytes.AsSpan(start, end - start).IndexOf(wanted);
        return new BsonInt32(found < 0 ? -1 : start + found);
    }

    private static int Bound(string name, BsonValue? value, string what)
    {
        if (!Numbers.TryWhole(value, out var whole) || whole > int.MaxValue)
        {
            throw Errors.Location(40096, string.Create(
                CultureInfo.InvariantCulture, $"{name} requires an integral {what} index, found a value of type: {BsonTypes.Name(value)}"));
        }
        return whole < 0 ? throw Errors.Location(40097, $"{name} requires a nonnegative {what} index, found: {whole}") : (int)whole;
    }
}
