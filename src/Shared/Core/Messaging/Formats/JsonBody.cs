using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Relaybox.Events;

namespace Relaybox.Messaging.Formats;

/// <summary>How the formats whose body is a JSON object write it.</summary>
internal static class JsonBody
{
    // For all fields beside the payload, as a rule.
    private const int OtherBytes = 16 * 1024;

    // The writer escapes a text in a buffer with room for six times its bytes.
    private const int SegmentBytes = 4 * 1024;

    private static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        MaxDepth = EnvelopeFormat.MaxPayloadDepth + 8,
        SkipValidation = true,
    };

    /// <summary>Begins a body that will hold a payload.</summary>
    internal static Utf8JsonWriter Begin(IBufferWriter<byte> output, PooledBuffer payload)
    {
        // Once for the whole body: an output that grows copies what it has.
        output.GetMemory(payload.Written.Length + OtherBytes);
        return new Utf8JsonWriter(output, WriterOptions);
    }

    /// <summary>Writes UTF-8 as a JSON string.</summary>
    internal static void WriteText(Utf8JsonWriter writer, ReadOnlySpan<byte> utf8)
    {
        for (; utf8.Length > SegmentBytes; utf8 = utf8[SegmentBytes..])
        {
            writer.WriteStringValueSegment(utf8[..SegmentBytes], isFinalSegment: false);
        }

        writer.WriteStringValueSegment(utf8, isFinalSegment: true);
    }
}
