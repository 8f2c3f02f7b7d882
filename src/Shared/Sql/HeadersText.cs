using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Relaybox.Sql;

/// <summary>Headers as they lie in a text column: a JSON object of strings.</summary>
internal static class HeadersText
{
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes headers; null where there are none.</summary>
    internal static string? Write(IReadOnlyDictionary<string, string> headers)
    {
        if (headers.Count == 0)
        {
            return null;
        }

        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer, WriterOptions))
        {
            writer.WriteStartObject();
            foreach (var (name, value) in headers)
            {
                writer.WriteString(name, value);
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>Reads headers. A missing text and JSON's null are no headers.</summary>
    /// <returns>The headers, or null where the text is anything but an object of strings, each name once.</returns>
    internal static Dictionary<string, string>? Read(string? text)
    {
        var headers = new Dictionary<string, string>(StringComparer.Ordinal);
        if (text is null)
        {
            return headers;
        }

        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 2 });
            if (document.RootElement.ValueKind == JsonValueKind.Null)
            {
                return headers;
            }

            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return null;
            }

            foreach (var header in document.RootElement.EnumerateObject())
            {
                if (header.Value.ValueKind != JsonValueKind.String || !headers.TryAdd(header.Name, header.Value.GetString()!))
                {
                    return null;
                }
            }

            return headers;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            // Besides bad JSON: a half surrogate pair, escaped or not, is refused when it is read.
            return null;
        }
    }
}
