using MongoDB.Bson;
using MongoDB.Bson.IO;
using MongoDB.Bson.Serialization;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Expressions;

/// <summary>Operators that ask for types and sizes.</summary>
internal static class TypeOperators
{
    public static IEnumerable<KeyValuePair<string, OperatorParser>> All =>
    [
        Operator.Fixed("$type", 1, values => new BsonString(BsonTypes.Name(values[0]))),
        Operator.Fixed("$isNumber", 1, values => (BsonBoolean)BsonTypes.IsNumber(values[0])),
        Operator.Fixed("$isArray", 1, values => (BsonBoolean)(values[0] is BsonArray)),
        Operator.Fixed("$bsonSize", 1, BsonSize),
        Operator.Fixed("$binarySize", 1, BinarySize),
    ];

    /// <summary>The bytes that a document takes as BSON.</summary>
    public static int Bytes(BsonDocument document)
    {
        if (document is RawBsonDocument raw)
        {
            return raw.Slice.Length;
        }
        using var stream = new MemoryStream();
        using var writer = new BsonBinaryWriter(stream, new BsonBinaryWriterSettings { MaxDocumentSize = int.MaxValue });
        BsonSerializer.Serialize(writer, document);
        return (int)stream.Length;
    }

    private static BsonValue BsonSize(BsonValue?[] values) => values[0] switch
    {
        null or BsonNull or BsonUndefined => BsonNull.Value,
        BsonDocument document => new BsonInt32(Bytes(document)),
        var other => throw Errors.Location(31393, $"$bsonSize requires a document input, found: {BsonTypes.Name(other)}"),
    };

    private static BsonValue BinarySize(BsonValue?[] values) => values[0] switch
    {
        null or BsonNull or BsonUndefined => BsonNull.Value,
        BsonString text => new BsonInt32(Text.Bytes(text.Value)),
        BsonBinaryData binary => new BsonInt32(binary.Bytes.Length),
        var other => throw Errors.Location(51276, $"$binarySize requires a string or BinData argument, found: {BsonTypes.Name(other)}"),
    };

}
