using System.Buffers.Binary;
using MongoDB.Bson;
using MongoDB.Bson.IO;
using MongoDB.Bson.Serialization;
using MongoDB.Bson.Serialization.Serializers;

namespace Relaybox.MongoDouble.Wire;

/// <summary>Writes answers.</summary>
internal static class WireWriter
{
    private const int OpReply = 1;
    private const int OpMsg = 2013;
    private static int _lastId;

    public static void Write(Stream stream, WireMessage request, BsonDocument answer)
    {
        using var buffer = new MemoryStream();
        Span<byte> header = stackalloc byte[36];
        header.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], Interlocked.Increment(ref _lastId));
        BinaryPrimitives.WriteInt32LittleEndian(header[8..], request.RequestId);
        BinaryPrimitives.WriteInt32LittleEndian(header[12..], request.IsLegacy ? OpReply : OpMsg);
        if (request.IsLegacy)
        {
            // Flags (AwaitCapable), cursor 0, start 0, one document.
            BinaryPrimitives.WriteInt32LittleEndian(header[16..], 8);
            BinaryPrimitives.WriteInt32LittleEndian(header[32..], 1);
        }

        // After OP_MSG's header: no flags, and a section of kind 0.
        buffer.Write(header[..(request.IsLegacy ? 36 : 21)]);
        using (var writer = new BsonBinaryWriter(buffer))
        {
            BsonDocumentSerializer.Instance.Serialize(BsonSerializationContext.CreateRoot(writer), answer);
        }

        var bytes = buffer.GetBuffer().AsSpan(0, (int)buffer.Length);
        BinaryPrimitives.WriteInt32LittleEndian(bytes, bytes.Length);
        stream.Write(bytes);
        stream.Flush();
    }
}
