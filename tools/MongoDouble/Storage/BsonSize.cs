using System.Text;
using MongoDB.Bson;

namespace Relaybox.MongoDouble.Storage;

/// <summary>The bytes that a document takes, without writing it.</summary>
internal static class BsonSize
{
    public const int MaxDocumentBytes = 16 * 1024 * 1024;

    public static int Of(BsonDocument document)
    {
        var bytes = 5;
        foreach (var element in document)
        {
            bytes += 2 + Encoding.UTF8.GetByteCount(element.Name) + OfValue(element.Value);
        }

        return bytes;
    }

    private static int OfArray(BsonArray array)
    {
        var bytes = 5;
        for (var i = 0; i < array.Count; i++)
        {
            bytes += 2 + Digits(i) + OfValue(array[i]);
        }

        return bytes;
    }

    private static int OfValue(BsonValue value) => value.BsonType switch
    {
        BsonType.Document => Of(value.AsBsonDocument),
        BsonType.Array => OfArray(value.AsBsonArray),
        BsonType.String => 5 + Encoding.UTF8.GetByteCount(value.AsString),
        BsonType.Symbol => 5 + Encoding.UTF8.GetByteCount(value.AsBsonSymbol.Name),
        BsonType.JavaScript => 5 + Encoding.UTF8.GetByteCount(value.AsBsonJavaScript.Code),
        BsonType.Binary => 5 + value.AsBsonBinaryData.Bytes.Length,
        BsonType.RegularExpression =>
            2 + Encoding.UTF8.GetByteCount(value.AsBsonRegularExpression.Pattern) + value.AsBsonRegularExpression.Options.Length,
        BsonType.ObjectId => 12,
        BsonType.Decimal128 => 16,
        BsonType.Double or BsonType.DateTime or BsonType.Int64 or BsonType.Timestamp => 8,
        BsonType.Int32 => 4,
        BsonType.Boolean => 1,
        BsonType.JavaScriptWithScope => value.ToBson().Length,
        _ => 0,
    };

    private static int Digits(int number)
    {
        var digits = 1;
        for (; number >= 10; number /= 10)
        {
            digits++;
        }

        return digits;
    }
}
