using System.Globalization;
using System.Text;
using MongoDB.Bson;

namespace Relaybox.MongoDouble.Language.Values;

/// <summary>Strings as the server orders, measures and prints them.</summary>
internal static class Text
{
    /// <summary>The order of the bytes of UTF-8, in which surrogates come after all that UTF-16 has behind them.</summary>
    public static int Compare(string left, string right)
    {
        for (var i = 0; i < left.Length && i < right.Length; i++)
        {
            if (left[i] != right[i])
            {
                var (a, b) = (char.IsSurrogate(left[i]), char.IsSurrogate(right[i]));
                return a == b ? left[i].CompareTo(right[i]) : a ? 1 : -1;
            }
        }
        return left.Length.CompareTo(right.Length);
    }

    public static int Bytes(string text) => Encoding.UTF8.GetByteCount(text);

    /// <summary>The number of code points.</summary>
    public static int Characters(string text) => text.EnumerateRunes().Count();

    /// <summary>A value as the server's messages show it.</summary>
    public static string Of(BsonValue? value) => value switch
    {
        null => "MISSING",
        BsonString text => $"\"{text.Value}\"",
        BsonDocument { ElementCount: 0 } => "{}",
        BsonDocument document => $"{{ {string.Join(", ", document.Select(field => $"{field.Name}: {Of(field.Value)}"))} }}",
        BsonArray { Count: 0 } => "[]",
        BsonArray array => $"[ {string.Join(", ", array.Select(Of))} ]",
        BsonNull => "null",
        BsonBoolean truth => truth.Value ? "true" : "false",
        BsonObjectId id => $"ObjectId('{id.Value}')",
        BsonDateTime date => $"new Date({date.MillisecondsSinceEpoch})",
        BsonDouble real when double.IsInteger(real.Value) && Math.Abs(real.Value) < 1e15 =>
            real.Value.ToString("F1", CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };
}
