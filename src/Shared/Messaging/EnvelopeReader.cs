using System.Globalization;
using System.Text;
using System.Text.Json;
using Relaybox.Outbox;

namespace Relaybox.Messaging;

/// <summary>Reads an envelope in one pass, keeping the bytes of payload and result as they are.</summary>
internal static class EnvelopeReader
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    internal static OutboxEvent Read(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = EnvelopeFormat.MaxPayloadDepth + 8 });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw EnvelopeFormat.Unreadable("The body is not a JSON object.");
        }

        var fields = default(Fields);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            ReadField(ref reader, body, ref fields);
        }

        if (reader.TokenType != JsonTokenType.EndObject || reader.Read())
        {
            throw EnvelopeFormat.Unreadable("The body is not one JSON object.");
        }

        return new OutboxEvent
        {
            EventId = fields.Id ?? throw EnvelopeFormat.Unreadable("The field 'id' is missing."),
            Subject = fields.Subject ?? fields.EventType
                ?? throw EnvelopeFormat.Unreadable("The fields 'subject' and 'eventType' are missing."),
            Payload = PayloadText(fields),
            Headers = fields.Headers ?? OutboxEvent.EmptyHeaders,
            OrderingKey = fields.OrderingKey,
            Result = fields.Result,
            EnqueuedAt = fields.Timestamp,
        };
    }

    private static string PayloadText(in Fields fields)
    {
        var raw = fields.Payload ?? throw EnvelopeFormat.Unreadable("The field 'payload' is missing.");
        if (fields.PayloadEncoding is null)
        {
            return raw;
        }

        return fields.PayloadEncoding == "text" && raw[0] == '"'
            ? Unquote(raw)
            : throw EnvelopeFormat.Unreadable("The field 'payloadEncoding' must be 'text', with a string as payload.");
    }

    private static string Unquote(string json)
    {
        var reader = new Utf8JsonReader(StrictUtf8.GetBytes(json));
        reader.Read();
        return reader.GetString()!;
    }

    private static void ReadField(ref Utf8JsonReader reader, ReadOnlySpan<byte> body, ref Fields fields)
    {
        if (reader.ValueTextEquals("id"u8))
        {
            fields.Id = ReadString(ref reader, fields.Id, "id");
        }
        else if (reader.ValueTextEquals("eventType"u8))
        {
            fields.EventType = ReadString(ref reader, fields.EventType, "eventType");
        }
        else if (reader.ValueTextEquals("subject"u8))
        {
            fields.Subject = ReadString(ref reader, fields.Subject, "subject");
        }
        else if (reader.ValueTextEquals("orderingKey"u8))
        {
            fields.OrderingKey = ReadString(ref reader, fields.OrderingKey, "orderingKey");
        }
        else if (reader.ValueTextEquals("payloadEncoding"u8))
        {
            fields.PayloadEncoding = ReadString(ref reader, fields.PayloadEncoding, "payloadEncoding");
        }
        else if (reader.ValueTextEquals("payload"u8))
        {
            RequireFirst(fields.Payload, "payload");
            fields.Payload = ReadRaw(ref reader, body);
        }
        else if (reader.ValueTextEquals("result"u8))
        {
            RequireFirst(fields.Result, "result");
            fields.Result = ReadRaw(ref reader, body);
        }
        else if (reader.ValueTextEquals("headers"u8))
        {
            RequireFirst(fields.Headers, "headers");
            fields.Headers = ReadHeaders(ref reader);
        }
        else if (reader.ValueTextEquals("timestamp"u8))
        {
            fields.Timestamp = ParseTimestamp(ReadString(ref reader, null, "timestamp"));
        }
        else
        {
            reader.Skip();
        }
    }

    private static string? ReadString(ref Utf8JsonReader reader, string? before, string name)
    {
        RequireFirst(before, name);
        reader.Read();
        return reader.TokenType switch
        {
            JsonTokenType.String => reader.GetString(),
            JsonTokenType.Null => null,
            _ => throw EnvelopeFormat.Unreadable($"The field '{name}' must be a string."),
        };
    }

    private static string ReadRaw(ref Utf8JsonReader reader, ReadOnlySpan<byte> body)
    {
        reader.Read();
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return StrictUtf8.GetString(body[start..(int)reader.BytesConsumed]);
    }

    private static Dictionary<string, string>? ReadHeaders(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null)
        {
            return null;
        }

        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw EnvelopeFormat.Unreadable("The field 'headers' must be an object of strings.");
        }

        var headers = new Dictionary<string, string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            if (!reader.Read() || reader.TokenType != JsonTokenType.String || !headers.TryAdd(name, reader.GetString()!))
            {
                throw EnvelopeFormat.Unreadable("The field 'headers' must be an object of strings, each name once.");
            }
        }

        return headers;
    }

    private static DateTimeOffset? ParseTimestamp(string? text)
    {
        if (text is null)
        {
            return null;
        }

        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
            ? at
            : throw EnvelopeFormat.Unreadable("The field 'timestamp' must be an ISO 8601 time.");
    }

    private static void RequireFirst(object? before, string name)
    {
        if (before is not null)
        {
            throw EnvelopeFormat.Unreadable($"The field '{name}' is there twice.");
        }
    }

    private struct Fields
    {
        public string? Id;
        public string? EventType;
        public string? Subject;
        public string? OrderingKey;
        public string? Payload;
        public string? PayloadEncoding;
        public string? Result;
        public Dictionary<string, string>? Headers;
        public DateTimeOffset? Timestamp;
    }
}
