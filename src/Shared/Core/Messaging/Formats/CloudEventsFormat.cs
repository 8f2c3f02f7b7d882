using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Encodings.Web;
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

    private static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        MaxDepth = EnvelopeFormat.MaxPayloadDepth + 8,
        SkipValidation = true,
    };

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
    public ReadOnlyMemory<byte> Write(OutboxEvent outboxEvent)
    {
        ArgumentNullException.ThrowIfNull(outboxEvent);
        var payload = Encoding.UTF8.GetBytes(outboxEvent.Payload);
        var buffer = new ArrayBufferWriter<byte>(payload.Length + 512);
        using var writer = new Utf8JsonWriter(buffer, WriterOptions);
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
        WriteData(writer, outboxEvent, payload);
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

    private static void WriteData(Utf8JsonWriter writer, OutboxEvent outboxEvent, byte[] payload)
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
            writer.WriteString("data"u8, payload);
        }
    }

    /// <summary>Whether decoding and encoding again gives these very bytes.</summary>
    private static bool IsBase64(byte[] payload)
    {
        if (payload.Length == 0 || !Base64.IsValid(payload, out var length))
        {
            return false;
        }

        var decoded = new byte[length];
        var encoded = new byte[Base64.GetMaxEncodedToUtf8Length(length)];
        return Base64.DecodeFromUtf8(payload, decoded, out _, out _) == OperationStatus.Done
            && Base64.EncodeToUtf8(decoded, encoded, out _, out var written) == OperationStatus.Done
            && payload.AsSpan().SequenceEqual(encoded.AsSpan(0, written));
    }
}
