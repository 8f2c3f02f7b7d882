using System.Security.Cryptography;
using System.Text;

namespace Relaybox.Sqs;

/// <summary>What SQS takes as text, after its public API reference.</summary>
internal static class SqsText
{
    internal const int MaxGroupOrDeduplicationIdLength = 128;

    /// <summary>Whether every character is one of #x9 | #xA | #xD | #x20–#xD7FF | #xE000–#xFFFD | #x10000–#x10FFFF.</summary>
    internal static bool IsLegalBody(string body)
    {
        foreach (var c in body)
        {
            if (c is < ' ' and not ('\t' or '\n' or '\r') or '\uFFFE' or '\uFFFF')
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The text itself where it is a legal group or deduplication id, otherwise its SHA-256.</summary>
    internal static string ToId(string text)
    {
        var legal = text.Length is > 0 and <= MaxGroupOrDeduplicationIdLength;
        foreach (var c in text)
        {
            legal = legal && c is > ' ' and <= '~';
        }

        return legal ? text : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }
}
