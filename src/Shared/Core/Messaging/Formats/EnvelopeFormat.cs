using System.Buffers;
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

    /// <inheritdoc />
    public string Name => FormatName;

    /// <inheritdoc />
    public void Write(OutboxEvent outboxEvent, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(outboxEvent);
        using var payload = PooledBuffer.Of(outboxEvent.Payload);
        using var writer = JsonBody.Begin(output, payload);
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
        if (JsonText.IsJson(payload.Written.Span, MaxPayloadDepth))
        {
            writer.WriteRawValue(payload.Written.Span, skipInputValidation: true);
        }
        else
        {
            JsonBody.WriteText(writer, payload.Written.Span);
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
