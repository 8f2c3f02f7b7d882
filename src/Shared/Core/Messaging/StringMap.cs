using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Relaybox.Messaging;

/// <summary>A JSON object of strings, in ASCII: so that it passes wherever text does.</summary>
internal static class StringMap
{
    internal static string Write(IEnumerable<KeyValuePair<string, string>> map)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var writer = new Utf8JsonWriter(buffer);
        writer.WriteStartObject();
        foreach (var (name, value) in map)
        {
            writer.WriteString(name, value);
        }

        writer.WriteEndObject();
        writer.Flush();
        return Encoding.ASCII.GetString(buffer.WrittenSpan);
    }

    /// <summary>Reads an object on which the reader stands; null gives null.</summary>
    /// <exception cref="MessageFormatException">It is no object of strings, or has a name twice.</exception>
    internal static Dictionary<string, string>? Read(ref Utf8JsonReader reader, string field)
    {
        if (reader.TokenType == JsonTokenType.Null)
        {
            return null;
        }

        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw Invalid(field);
        }

        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            if (!reader.Read() || reader.TokenType != JsonTokenType.String || !map.TryAdd(name, reader.GetString()!))
            {
                throw Invalid(field);
            }
        }

        return map;
    }

    /// <summary>Reads a text that is one object of strings.</summary>
    /// <exception cref="MessageFormatException">The text is not an object of strings.</exception>
    internal static Dictionary<string, string> Parse(string json, string field)
    {
        try
        {
            var reader = new Utf8JsonReader(Utf8.Strict.GetBytes(json));
            reader.Read();
            var map = Read(ref reader, field) ?? throw Invalid(field);
            return reader.TokenType == JsonTokenType.EndObject && !reader.Read() ? map : throw Invalid(field);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or EncoderFallbackException)
        {
            throw Invalid(field);
        }
    }

    private static MessageFormatException Invalid(string field) =>
        MessageFormatException.Unreadable($"The field '{field}' must be an object of strings, each name once.");
}
