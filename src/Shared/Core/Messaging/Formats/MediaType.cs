using System.Text.RegularExpressions;

namespace Relaybox.Messaging.Formats;

/// <summary>What a content type says about a payload (RFC 2045 and 6838).</summary>
internal static partial class MediaType
{
    internal const string Json = "application/json";
    internal const string PlainText = "text/plain";
    internal const string Binary = "application/octet-stream";

    internal static bool IsWellFormed(string contentType) => WellFormed().IsMatch(contentType);

    internal static bool IsJson(string contentType)
    {
        var name = NameOf(contentType);
        return name.Equals(Json, StringComparison.OrdinalIgnoreCase)
            || name.Equals("text/json", StringComparison.OrdinalIgnoreCase)
            || name.EndsWith("+json", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Whether the content is characters, so that a payload of this type is never meant as base64.</summary>
    internal static bool IsText(string contentType)
    {
        var name = NameOf(contentType);
        return IsJson(contentType)
            || name.StartsWith("text/", StringComparison.OrdinalIgnoreCase)
            || name.EndsWith("+xml", StringComparison.OrdinalIgnoreCase)
            || name.EndsWith("+yaml", StringComparison.OrdinalIgnoreCase)
            || name.Equals("application/xml", StringComparison.OrdinalIgnoreCase)
            || name.Equals("application/yaml", StringComparison.OrdinalIgnoreCase)
            || name.Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase);
    }

    private static ReadOnlySpan<char> NameOf(string contentType)
    {
        var end = contentType.IndexOf(';', StringComparison.Ordinal);
        return contentType.AsSpan(0, end < 0 ? contentType.Length : end).Trim();
    }

    [GeneratedRegex(@"\A[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+-]{1,127}(\s*;[\x20-\x7E]*)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex WellFormed();
}
