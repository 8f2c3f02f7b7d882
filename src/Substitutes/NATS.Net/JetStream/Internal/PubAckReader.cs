using System.Text.Json;
using NATS.Client.Core.Internal;
using NATS.Client.JetStream.Models;

namespace NATS.Client.JetStream.Internal;

/// <summary>Reads a publish acknowledgement in place: one object each, and one string for the name of all of them.</summary>
internal static class PubAckReader
{
    internal static readonly ReplyReader Read = static payload => ReadAck(payload);

    private static string _lastStream = "";

    private static PubAckResponse ReadAck(ReadOnlySpan<byte> json)
    {
        var ack = new PubAckResponse();
        var reader = new Utf8JsonReader(json);
        Require(reader.Read() && reader.TokenType == JsonTokenType.StartObject);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("stream"u8))
            {
                Require(reader.Read() && reader.TokenType == JsonTokenType.String);
                var last = _lastStream;
                ack.Stream = reader.ValueTextEquals(last) ? last : _lastStream = reader.GetString()!;
            }
            else if (reader.ValueTextEquals("seq"u8))
            {
                reader.Read();
                ack.Seq = reader.GetUInt64();
            }
            else if (reader.ValueTextEquals("duplicate"u8))
            {
                reader.Read();
                ack.Duplicate = reader.GetBoolean();
            }
            else if (reader.ValueTextEquals("error"u8))
            {
                reader.Read();
                ack.Error = JsonSerializer.Deserialize(ref reader, JetStreamJson.Default.ApiError);
            }
            else
            {
                reader.Skip();
            }
        }

        // An answer that names neither a stream nor an error says nothing about the message.
        Require(reader.TokenType == JsonTokenType.EndObject && (ack.Error is not null || ack.Stream is { Length: > 0 }));
        return ack;
    }

    private static void Require(bool condition)
    {
        if (!condition)
        {
            throw new JsonException("The answer is not a publish acknowledgement.");
        }
    }
}
