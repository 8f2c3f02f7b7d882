using System.Text.Unicode;

namespace Relaybox.Diagnostics;

/// <summary>Bounds what is kept of an error, so that no error can fill a row or a log line.</summary>
internal static class ErrorText
{
    /// <summary>The most characters that are kept of an error's text.</summary>
    public const int MaxLength = 1000;

    /// <summary>Cuts a text to <see cref="MaxLength"/> characters and takes out what no store or log should hold.</summary>
    /// <param name="text">The text; null gives an empty one.</param>
    /// <returns>At most <see cref="MaxLength"/> characters, without control characters or half surrogate pairs.</returns>
    public static string Bound(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return "";
        }

        var length = Math.Min(text.Length, MaxLength);
        return string.Create(length, text, static (span, source) =>
        {
            for (var i = 0; i < span.Length; i++)
            {
                var c = source[i];
                var halfPair = char.IsSurrogate(c) && !IsPaired(source, i, span.Length);
                span[i] = halfPair ? '\uFFFD' : char.IsControl(c) ? ' ' : c;
            }
        });
    }

    /// <summary>Cuts a text to as many bytes as there is room for, between two characters.</summary>
    /// <param name="text">The text.</param>
    /// <param name="bytes">The most bytes of its UTF-8; fewer than one: none is left.</param>
    public static string Cut(string text, int bytes)
    {
        Utf8.FromUtf16(text, new byte[Math.Max(bytes, 0)], out var length, out _);
        return text[..length];
    }

    private static bool IsPaired(string source, int i, int length) =>
        char.IsHighSurrogate(source[i])
            ? i + 1 < length && char.IsLowSurrogate(source[i + 1])
            : i > 0 && char.IsHighSurrogate(source[i - 1]);
}
