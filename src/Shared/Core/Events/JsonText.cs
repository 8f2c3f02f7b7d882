using System.Text.Json;

namespace Relaybox.Events;

/// <summary>Looks at text as JSON without building anything from it.</summary>
internal static class JsonText
{
    /// <summary>Whether the bytes are exactly one JSON value, without anything before or after it.</summary>
    internal static bool IsJson(ReadOnlySpan<byte> utf8, int maxDepth)
    {
        // White space around the value would be lost where the value is embedded.
        if (utf8.IsEmpty || utf8[0] <= ' ' || utf8[^1] <= ' ')
        {
            return false;
        }

        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = maxDepth });
        try
        {
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
