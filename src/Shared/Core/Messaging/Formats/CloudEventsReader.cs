using System.Text;
using System.Text.Json;
using Relaybox.Events;

namespace Relaybox.Messaging.Formats;

/// <summary>
/// Reads a CloudEvent, Relaybox's own or another's, keeping the bytes of its data as they are. Of another's, the context
/// attributes become headers: <c>ce-source</c>, <c>ce-subject</c>, <c>ce-…</c> for extensions, and <c>content-type</c>.
/// </summary>
internal static class CloudEventsReader
{
    /// <summary>Whether a body says of itself that it is a CloudEvent.</summary>
    internal static bool IsCloudEvent(ReadOnlySpan<byte> body)
    {
        // Most bodies do not hold the word at all.
        if (body.IndexOf("\"specversion\""u8) < 0)
        {
            return false;
        }

        try
        {
            var reader = CreateReader(body);
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("specversion"u8))
                {
                    return reader.Read() && reader.TokenType == JsonTokenType.String;
                }

                reader.Skip();
            }

            return false;
        }
        catch (Exception e) when (JsonField.IsMalformed(e))
        {
            // Besides bad JSON: half a surrogate pair in a name.
            return false;
        }
    }

    internal static OutboxEvent Read(ReadOnlySpan<byte> body)
    {
        var reader = CreateReader(body);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw MessageFormatException.Unreadable("The body is not a JSON object.");
        }

        var fields = new CloudEventFields();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            ReadField(ref reader, fields);
        }

        if (reader.TokenType != JsonTokenType.EndObject || reader.Read())
        {
            throw MessageFormatException.Unreadable("The body is not one JSON object.");
        }

        return ToEvent(body, fields);
    }

    private static Utf8JsonReader CreateReader(ReadOnlySpan<byte> body) =>
        new(body, new JsonReaderOptions { MaxDepth = EnvelopeFormat.MaxPayloadDepth + 8 });

    private static void ReadField(ref Utf8JsonReader reader, CloudEventFields fields)
    {
        if (reader.ValueTextEquals("data"u8))
        {
            fields.Data = JsonField.ReadPlace(ref reader, fields.Data, "data");
            return;
        }

        if (reader.ValueTextEquals("data_base64"u8))
        {
            fields.DataBase64 = JsonField.ReadString(ref reader, fields.DataBase64, "data_base64");
            return;
        }

        var name = reader.GetString()!;
        reader.Read();
        var value = reader.TokenType switch
        {
            JsonTokenType.String => reader.GetString(),
            JsonTokenType.Number => Encoding.ASCII.GetString(reader.ValueSpan),
            JsonTokenType.True => "true",
            JsonTokenType.False => "false",
            _ => null,
        };
        if (CloudEventFields.IsText(name) && reader.TokenType is not (JsonTokenType.String or JsonTokenType.Null))
        {
            throw MessageFormatException.Unreadable($"The field '{name}' must be a string.");
        }

        reader.Skip();
        if (value is not null && !fields.Attributes.TryAdd(name, value))
        {
            throw MessageFormatException.Unreadable("A field is there twice.");
        }
    }

    private static OutboxEvent ToEvent(ReadOnlySpan<byte> body, CloudEventFields fields)
    {
        if (fields.Required("specversion") != CloudEventsFormat.SpecVersion)
        {
            throw new MessageFormatException(
                ErrorCodes.MessageFormatUnknown, $"The CloudEvent's specversion is not {CloudEventsFormat.SpecVersion}.");
        }

        _ = fields.Required("source");
        var payload = Payload(body, fields, out var isBinary);
        return new OutboxEvent
        {
            EventId = fields.Required("id"),
            Subject = fields.Required("type"),
            Payload = payload,
            OrderingKey = fields.Find(CloudEventsFormat.OrderingKey),
            EnqueuedAt = JsonField.ParseTime(fields.Find("time"), "time"),
            Result = fields.Find(CloudEventsFormat.Result),
            Headers = fields.Attributes.TryGetValue(CloudEventsFormat.Headers, out var headers)
                ? StringMap.Parse(headers, CloudEventsFormat.Headers)
                : fields.ToHeaders(isBinary),
        };
    }

    private static string Payload(ReadOnlySpan<byte> body, CloudEventFields fields, out bool isBinary)
    {
        isBinary = false;
        var contentType = fields.Find("datacontenttype");
        var isJson = contentType is null || MediaType.IsJson(contentType);
        switch (fields)
        {
            case { Data: not null, DataBase64: not null }:
                throw MessageFormatException.Unreadable("The fields 'data' and 'data_base64' are both there.");
            case { DataBase64: { } base64 }:
                var bytes = Decode(base64);
                isBinary = !((isJson || MediaType.IsText(contentType!)) && System.Text.Unicode.Utf8.IsValid(bytes));
                return isBinary ? base64 : Encoding.UTF8.GetString(bytes);
            case { Data: { } data }:
                var json = body[data];
                return !isJson && json[0] == '"' ? JsonField.Unquote(json) : Utf8.Strict.GetString(json);
            default:
                return "";
        }
    }

    private static byte[] Decode(string base64)
    {
        try
        {
            return Convert.FromBase64String(base64);
        }
        catch (FormatException)
        {
            throw MessageFormatException.Unreadable("The field 'data_base64' is not base64.");
        }
    }
}
