using System.Buffers.Binary;
using MongoDB.Bson;

namespace Relaybox.MongoDouble.Streams;

/// <summary>A place in the order of all events: after a commit, or after one of its changes.</summary>
/// <param name="Timestamp">The commit.</param>
/// <param name="Index">The change in it; -1: everything up to the commit has been seen.</param>
/// <param name="IsInvalidate">Whether it is the token of the event that ended a stream.</param>
internal sealed record ResumeToken(ulong Timestamp, int Index, bool IsInvalidate = false)
{
    private const int Bytes = 14;
    private const byte Mark = 0x82;

    public BsonDocument ToDocument()
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        bytes[0] = Mark;
        BinaryPrimitives.WriteUInt64BigEndian(bytes[1..], Timestamp);
        // As unsigned numbers: the text of a later token is greater.
        BinaryPrimitives.WriteUInt32BigEndian(bytes[9..], Index < 0 ? uint.MaxValue : (uint)Index);
        bytes[13] = IsInvalidate ? (byte)1 : (byte)0;
        return new BsonDocument("_data", Convert.ToHexString(bytes));
    }

    /// <exception cref="ServerException">It is none of this server's.</exception>
    public static ResumeToken Parse(BsonValue value)
    {
        if (value is not BsonDocument document || !document.TryGetValue("_data", out var data) || data is not BsonString { Value: var text })
        {
            throw ServerErrors.FailedToParse("A resume token is a document with the field _data, a string");
        }

        byte[] bytes;
        try
        {
            bytes = Convert.FromHexString(text);
        }
        catch (FormatException)
        {
            bytes = [];
        }

        if (bytes.Length != Bytes || bytes[0] != Mark)
        {
            throw new ServerException(260, "InvalidResumeToken", $"Bad resume token: _data of '{text}'");
        }

        var index = BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(9));
        return new ResumeToken(
            BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(1)), index == uint.MaxValue ? -1 : (int)index, bytes[13] == 1);
    }
}
