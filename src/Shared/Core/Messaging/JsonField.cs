using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Relaybox.Messaging;

/// <summary>Reads the fields of a message that is a JSON object, and nothing twice.</summary>
internal static class JsonField
{
    private const string TimeFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";

    internal static string? ReadString(ref Utf8JsonReader reader, string? before, string name)
    {
        RequireFirst(before, name);
        reader.Read();
        return reader.TokenType switch
        {
            JsonTokenType.String => reader.GetString(),
            JsonTokenType.Null => null,
            _ => throw MessageFormatException.Unreadable($"The field '{name}' must be a string."),
        };
    }

    /// <summary>Where the value that comes next stands in the body.</summary>
    internal static Range ReadPlace(ref Utf8JsonReader reader, Range? before, string name)
    {
        RequireFirst(before, name);
        reader.Read();
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return start..(int)reader.BytesConsumed;
    }

    internal static string Unquote(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        return reader.GetString()!;
    }

    internal static string WriteTime(DateTimeOffset at) => at.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);

    internal static DateTimeOffset? ParseTime(string? text, string name)
    {
        if (text is null)
        {
            return null;
        }

        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
            ? at
            : throw MessageFormatException.Unreadable($"The field '{name}' must be an ISO 8601 time.");
    }

    internal static void RequireFirst(object? before, string name)
    {
        if (before is not null)
        {
            throw MessageFormatException.Unreadable($"The field '{name}' is there twice.");
        }
    }

    /// <summary>Whether a reader threw because of the JSON that it read. Its own text can hold content.</summary>
    internal static bool IsMalformed(Exception exception) =>
        exception is JsonException or InvalidOperationException or DecoderFallbackException;
}
