using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Relaybox.Events;

namespace Relaybox.Messaging.Formats;

/// <summary>
/// The default format: <c>{id, eventType, subject, headers?, orderingKey?, payload, payloadEncoding?, result?, timestamp}</c>.
/// A payload that is JSON travels as JSON, byte for byte; any other text as a string, with <c>payloadEncoding</c> <c>text</c>.
/// </summary>
internal sealed class EnvelopeFormat : IMessageFormat
{
    /// <summary>The name of the format.</summary>
    public const string FormatName = "envelope";

    /// <summary>How deep a payload may nest and still travel as JSON; deeper ones travel as text.</summary>
    public const int MaxPayloadDepth = 256;

    private const string TextEncoding = "text";

    private static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        MaxDepth = MaxPayloadDepth + 8,
        SkipValidation = true,
    };

    /// <inheritdoc />
    public string Name => FormatName;

    /// <inheritdoc />
    public ReadOnlyMemory<byte> Write(OutboxEvent outboxEvent)
    {
        ArgumentNullException.ThrowIfNull(outboxEvent);
        var payload = Encoding.UTF8.GetBytes(outboxEvent.Payload);
        var buffer = new ArrayBufferWriter<byte>(payload.Length + 512);
        using var writer = new Utf8JsonWriter(buffer, WriterOptions);
        writer.WriteStartObject();
        writer.WriteString("id"u8, outboxEvent.EventId);
        writer.WriteString("eventType"u8, outboxEvent.Subject);
        writer.WriteString("subject"u8, outboxEvent.Subject);
        if (outboxEvent.Headers.Count > 0)
        {
            writer.WriteStartObject("headers"u8);
            foreach (var (name, value) in outboxEvent.Headers)
            {
                writer.WriteString(name, value);
            }

            writer.WriteEndObject();
        }

        if (outboxEvent.OrderingKey is { } key)
        {
            writer.WriteString("orderingKey"u8, key);
        }

        writer.WritePropertyName("payload"u8);
        if (JsonText.IsJson(payload, MaxPayloadDepth))
        {
            writer.WriteRawValue(payload, skipInputValidation: true);
        }
        else
        {
            writer.WriteStringValue(payload);
            writer.WriteString("payloadEncoding"u8, TextEncoding);
        }

        if (outboxEvent.Result is { } result)
        {
            // The row contract has made sure that it is JSON.
            writer.WritePropertyName("result"u8);
            writer.WriteRawValue(result, skipInputValidation: true);
        }

        if (outboxEvent.EnqueuedAt is { } at)
        {
            writer.WriteString("timestamp"u8, JsonField.WriteTime(at));
        }

        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenMemory;
    }

    /// <inheritdoc />
    public MessageAttributes AttributesOf(OutboxEvent outboxEvent)
    {
        ArgumentNullException.ThrowIfNull(outboxEvent);
        return MessageAttributes.Naming(outboxEvent, FormatName);
    }

    /// <inheritdoc />
    public OutboxEvent Read(ReadOnlyMemory<byte> body, MessageAttributes attributes)
    {
        try
        {
            return EnvelopeReader.Read(body.Span);
        }
        catch (Exception e) when (JsonField.IsMalformed(e))
        {
            throw MessageFormatException.Unreadable("The body is not a JSON object of the envelope format.");
        }
    }
}
