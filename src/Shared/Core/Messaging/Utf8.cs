using System.Text;

namespace Relaybox.Messaging;

/// <summary>Bytes as text, or an error: never a replacement character that nobody wrote.</summary>
internal static class Utf8
{
    internal static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    internal static string Read(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw MessageFormatException.Unreadable("The body is not UTF-8 text.");
        }
    }
}
