using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using Relaybox.Events;

namespace Relaybox.Messaging.Formats;

/// <summary>
/// CloudEvents 1.0 in structured JSON (github.com/cloudevents/spec). The subject is the event's <c>type</c>, the ordering key
/// its <c>partitionkey</c>; headers and result travel in the extensions <c>relayboxheaders</c> and <c>relayboxresult</c>.
/// A payload that is JSON stands in <c>data</c> byte for byte, text as a string there, and base64 under a binary content
/// type in <c>data_base64</c>.
/// </summary>
internal sealed class CloudEventsFormat : IMessageFormat
{
    /// <summary>The name of the format.</summary>
    public const string FormatName = "cloudevents";

    /// <summary>The source of events where none is configured.</summary>
    public const string DefaultSource = "relaybox";

    internal const string SpecVersion = "1.0";
    internal const string OrderingKey = "partitionkey";
    internal const string Headers = "relayboxheaders";
    internal const string Result = "relayboxresult";

    // Extensions of the specification's own that are headers here; https://github.com/cloudevents/spec, distributed tracing.
    internal static readonly string[] TraceHeaders = ["traceparent", "tracestate"];

    private readonly string _source;

    /// <summary>A format whose events have a source.</summary>
    /// <param name="source">The events' <c>source</c>: a URI reference, such as <c>/orders</c> or <c>urn:shop:orders</c>.</param>
    /// <exception cref="ArgumentException">The source is not a URI reference.</exception>
    public CloudEventsFormat(string source = DefaultSource)
    {
        if (!IsSource(source))
        {
            throw new ArgumentException("The source must be a URI reference, such as /orders or urn:shop:orders.", nameof(source));
        }

        _source = source;
    }

    /// <inheritdoc />
    public string Name => FormatName;

    /// <summary>Whether a text can be a source.</summary>
    /// <param name="source">The text.</param>
    public static bool IsSource(string? source) =>
        !string.IsNullOrEmpty(source) && Uri.IsWellFormedUriString(source, UriKind.RelativeOrAbsolute);

    /// <inheritdoc />
    public void Write(OutboxEvent outboxEvent, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(outboxEvent);
        using var payload = PooledBuffer.Of(outboxEvent.Payload);
        using var writer = JsonBody.Begin(output, payload);
        writer.WriteStartObject();
        writer.WriteString("specversion"u8, SpecVersion);
        writer.WriteString("id"u8, outboxEvent.EventId);
        writer.WriteString("source"u8, _source);
        writer.WriteString("type"u8, outboxEvent.Subject);
        if (outboxEvent.EnqueuedAt is { } at)
        {
            writer.WriteString("time"u8, JsonField.WriteTime(at));
        }

        WriteExtensions(writer, outboxEvent);
        WriteData(writer, outboxEvent, payload.Written.Span);
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
            return CloudEventsReader.Read(body.Span);
        }
        catch (Exception e) when (JsonField.IsMalformed(e))
        {
            throw MessageFormatException.Unreadable("The body is not a JSON object of the CloudEvents format.");
        }
    }

    /// <summary>The content type that the app gave its payload, where it is one.</summary>
    internal static string? ContentTypeOf(IReadOnlyDictionary<string, string> headers)
    {
        foreach (var (name, value) in headers)
        {
            if (name.Equals("content-type", StringComparison.OrdinalIgnoreCase) && MediaType.IsWellFormed(value))
            {
                return value;
            }
        }

        return null;
    }

    private static void WriteExtensions(Utf8JsonWriter writer, OutboxEvent outboxEvent)
    {
        if (outboxEvent.OrderingKey is { } key)
        {
            writer.WriteString(OrderingKey, key);
        }

        foreach (var name in TraceHeaders)
        {
            if (outboxEvent.Headers.TryGetValue(name, out var value) && value.Length > 0)
            {
                writer.WriteString(name, value);
            }
        }

        // Always there: it tells the reader that the headers are these, rather than what somebody else's attributes make.
        writer.WriteString(Headers, StringMap.Write(outboxEvent.Headers));
        if (outboxEvent.Result is { } result)
        {
            writer.WriteString(Result, result);
        }
    }

    private static void WriteData(Utf8JsonWriter writer, OutboxEvent outboxEvent, ReadOnlySpan<byte> payload)
    {
        var isJson = JsonText.IsJson(payload, EnvelopeFormat.MaxPayloadDepth);
        var contentType = ContentTypeOf(outboxEvent.Headers) ?? (isJson ? MediaType.Json : MediaType.PlainText);
        writer.WriteString("datacontenttype"u8, contentType);
        if (MediaType.IsJson(contentType))
        {
            if (isJson)
            {
                writer.WritePropertyName("data"u8);
                writer.WriteRawValue(payload, skipInputValidation: true);
            }
            else
            {
                // What says that it is JSON and is not can only stand there as bytes.
                writer.WriteBase64String("data_base64"u8, payload);
            }
        }
        else if (!MediaType.IsText(contentType) && IsBase64(payload))
        {
            writer.WriteString("data_base64"u8, payload);
        }
        else
        {
            writer.WritePropertyName("data"u8);
            JsonBody.WriteText(writer, payload);
        }
    }

    /// <summary>Whether decoding and encoding again gives these very bytes.</summary>
    private static bool IsBase64(ReadOnlySpan<byte> payload)
    {
        // A length that is not that of the encoded bytes comes from white space.
        if (payload.IsEmpty || !Base64.IsValid(payload, out var length) || Base64.GetMaxEncodedToUtf8Length(length) != payload.Length)
        {
            return false;
        }

        // Of the rest, only the last four characters can stand for bytes that would be encoded as others.
        Span<byte> decoded = stackalloc byte[3];
        Span<byte> encoded = stackalloc byte[4];
        return Base64.DecodeFromUtf8(payload[^4..], decoded, out _, out var count) == OperationStatus.Done
            && Base64.EncodeToUtf8(decoded[..count], encoded, out _, out _) == OperationStatus.Done
            && payload[^4..].SequenceEqual(encoded);
    }
}
