using System.Buffers.Binary;
using System.Text;
using MongoDB.Bson;
using MongoDB.Bson.IO;
using MongoDB.Bson.Serialization;
using MongoDB.Bson.Serialization.Serializers;

namespace Relaybox.MongoDouble.Wire;

/// <summary>Reads messages: OP_MSG, and OP_QUERY on <c>$cmd</c>, with which old drivers open a connection.</summary>
internal static class WireReader
{
    public const int MaxMessageBytes = 48_000_000;
    private const int HeaderBytes = 16;
    private const int OpQuery = 2004;
    private const int OpMsg = 2013;
    private const uint ChecksumPresent = 1;
    private const uint MoreToCome = 2;
    private const uint RequiredFlags = 0xFFFF;

    /// <summary>The next message; null where the client has closed the connection between two.</summary>
    /// <exception cref="WireProtocolException">What came is no message.</exception>
    public static WireMessage? Read(Stream stream)
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        var first = stream.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false);
        if (first == 0)
        {
            return null;
        }

        if (first < HeaderBytes)
        {
            throw new WireProtocolException("The connection ended within a header.");
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(header);
        var requestId = BinaryPrimitives.ReadInt32LittleEndian(header[4..]);
        var opCode = BinaryPrimitives.ReadInt32LittleEndian(header[12..]);
        if (length is < HeaderBytes + 5 or > MaxMessageBytes)
        {
            throw new WireProtocolException($"A message of {length} bytes.");
        }

        // Before the body is waited for: a client that begins a TLS handshake here waits for an answer itself.
        if (opCode is not (OpMsg or OpQuery))
        {
            throw new WireProtocolException($"The opcode {opCode} is not supported.");
        }

        var body = new byte[length - HeaderBytes];
        stream.ReadExactly(body);
        return opCode == OpMsg ? ReadMsg(requestId, body) : ReadQuery(requestId, body);
    }

    public static BsonDocument Document(byte[] bytes, int offset, int length)
    {
        using var reader = new BsonBinaryReader(new MemoryStream(bytes, offset, length, writable: false));
        return BsonDocumentSerializer.Instance.Deserialize(BsonDeserializationContext.CreateRoot(reader));
    }

    private static WireMessage ReadMsg(int requestId, byte[] body)
    {
        var flags = BinaryPrimitives.ReadUInt32LittleEndian(body);
        if ((flags & RequiredFlags & ~(ChecksumPresent | MoreToCome)) != 0)
        {
            throw new WireProtocolException($"Unknown flags {flags:x}.");
        }

        var end = body.Length - ((flags & ChecksumPresent) != 0 ? 4 : 0);
        BsonDocument? command = null;
        var sequences = new List<(string Name, BsonArray Documents)>();
        for (var position = 4; position < end;)
        {
            var kind = body[position++];
            var length = BinaryPrimitives.ReadInt32LittleEndian(body.AsSpan(position));
            if (length < 5 || position + length > end)
            {
                throw new WireProtocolException("A section is longer than its message.");
            }

            switch (kind)
            {
                case 0 when command is null:
                    command = Document(body, position, length);
                    break;
                case 1:
                    sequences.Add(Sequence(body, position, length));
                    break;
                default:
                    throw new WireProtocolException($"A section of kind {kind}.");
            }

            position += length;
        }

        if (command is null)
        {
            throw new WireProtocolException("A message without a command.");
        }

        foreach (var (name, documents) in sequences)
        {
            command[name] = documents;
        }

        return new WireMessage(requestId, command, false, (flags & MoreToCome) == 0);
    }

    private static (string Name, BsonArray Documents) Sequence(byte[] body, int start, int length)
    {
        var nameStart = start + 4;
        var nameLength = body.AsSpan(nameStart, length - 4).IndexOf((byte)0);
        var name = Encoding.UTF8.GetString(body, nameStart, nameLength);
        var documents = new BsonArray();
        for (var position = nameStart + nameLength + 1; position < start + length;)
        {
            var size = BinaryPrimitives.ReadInt32LittleEndian(body.AsSpan(position));
            if (size < 5 || position + size > start + length)
            {
                throw new WireProtocolException("A document is longer than its section.");
            }

            documents.Add(Document(body, position, size));
            position += size;
        }

        return (name, documents);
    }

    private static WireMessage ReadQuery(int requestId, byte[] body)
    {
        var nameLength = body.AsSpan(4).IndexOf((byte)0);
        var name = Encoding.UTF8.GetString(body, 4, nameLength);
        var start = 4 + nameLength + 1 + 8;
        var command = Document(body, start, BinaryPrimitives.ReadInt32LittleEndian(body.AsSpan(start)));
        if (!name.EndsWith(".$cmd", StringComparison.Ordinal))
        {
            throw new WireProtocolException("OP_QUERY is supported for commands alone.");
        }

        if (command.Contains("$query"))
        {
            command = command["$query"].AsBsonDocument;
        }

        command["$db"] = name[..^".$cmd".Length];
        return new WireMessage(requestId, command, true, true);
    }
}
