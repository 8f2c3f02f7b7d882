using System.Text.Json;
using Relaybox.Events;

namespace Relaybox.Messaging.Formats;

/// <summary>Reads an envelope in one pass, keeping payload and result as they are, to the byte.</summary>
internal static class EnvelopeReader
{
    internal static OutboxEvent Read(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = EnvelopeFormat.MaxPayloadDepth + 8 });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw MessageFormatException.Unreadable("The body is not a JSON object.");
        }

        var fields = default(Fields);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            ReadField(ref reader, ref fields);
        }

        if (reader.TokenType != JsonTokenType.EndObject || reader.Read())
        {
            throw MessageFormatException.Unreadable("The body is not one JSON object.");
        }

        return new OutboxEvent
        {
            EventId = fields.Id ?? throw MessageFormatException.Unreadable("The field 'id' is missing."),
            Subject = fields.Subject ?? fields.EventType
                ?? throw MessageFormatException.Unreadable("The fields 'subject' and 'eventType' are missing."),
            Payload = PayloadText(body, fields),
            Headers = fields.Headers ?? OutboxEvent.EmptyHeaders,
            OrderingKey = fields.OrderingKey,
            Result = fields.Result is { } result ? Utf8.Strict.GetString(body[result]) : null,
            EnqueuedAt = fields.Timestamp,
        };
    }

    private static string PayloadText(ReadOnlySpan<byte> body, in Fields fields)
    {
        var json = body[fields.Payload ?? throw MessageFormatException.Unreadable("The field 'payload' is missing.")];
        if (fields.PayloadEncoding is null)
        {
            return Utf8.Strict.GetString(json);
        }

        return fields.PayloadEncoding == "text" && json[0] == '"'
            ? JsonField.Unquote(json)
            : throw MessageFormatException.Unreadable("The field 'payloadEncoding' must be 'text', with a string as payload.");
    }

    private static void ReadField(ref Utf8JsonReader reader, ref Fields fields)
    {
        if (reader.ValueTextEquals("id"u8))
        {
            fields.Id = JsonField.ReadString(ref reader, fields.Id, "id");
        }
        else if (reader.ValueTextEquals("eventType"u8))
        {
            fields.EventType = JsonField.ReadString(ref reader, fields.EventType, "eventType");
        }
        else if (reader.ValueTextEquals("subject"u8))
        {
            fields.Subject = JsonField.ReadString(ref reader, fields.Subject, "subject");
        }
        else if (reader.ValueTextEquals("orderingKey"u8))
        {
            fields.OrderingKey = JsonField.ReadString(ref reader, fields.OrderingKey, "orderingKey");
        }
        else if (reader.ValueTextEquals("payloadEncoding"u8))
        {
            fields.PayloadEncoding = JsonField.ReadString(ref reader, fields.PayloadEncoding, "payloadEncoding");
        }
        else if (reader.ValueTextEquals("payload"u8))
        {
            fields.Payload = JsonField.ReadPlace(ref reader, fields.Payload, "payload");
        }
        else if (reader.ValueTextEquals("result"u8))
        {
            fields.Result = JsonField.ReadPlace(ref reader, fields.Result, "result");
        }
        else if (reader.ValueTextEquals("headers"u8))
        {
            JsonField.RequireFirst(fields.Headers, "headers");
            reader.Read();
            fields.Headers = StringMap.Read(ref reader, "headers");
        }
        else if (reader.ValueTextEquals("timestamp"u8))
        {
            fields.Timestamp = JsonField.ParseTime(JsonField.ReadString(ref reader, null, "timestamp"), "timestamp");
        }
        else
        {
            reader.Skip();
        }
    }

    private struct Fields
    {
        public string? Id;
        public string? EventType;
        public string? Subject;
        public string? OrderingKey;
        public Range? Payload;
        public string? PayloadEncoding;
        public Range? Result;
        public Dictionary<string, string>? Headers;
        public DateTimeOffset? Timestamp;
    }
}
