using System.Text;

namespace NATS.Client.Core.Internal;

/// <summary>
/// What may be sent as a subject. The server takes nearly anything that a client lets through: a line break would become
/// an operation of its own, a wildcard would be stored as it is.
/// </summary>
internal static class SubjectRules
{
    internal const int MaxLength = 2048;

    /// <summary>Checks the subject of a message that is to be stored: it must address nothing but itself.</summary>
    /// <exception cref="NatsException">It does.</exception>
    internal static void RequireNoWildcard(string subject)
    {
        foreach (var token in subject.AsSpan().Split('.'))
        {
            if (subject.AsSpan(token) is "*" or ">")
            {
                throw new NatsException("The subject of a message must not have wildcards.");
            }
        }
    }

    /// <summary>Checks what becomes a part of an operation. A request to JetStream may name a filter, with wildcards.</summary>
    /// <exception cref="NatsException">It would break the operation.</exception>
    internal static void RequireSendable(string subject)
    {
        ArgumentNullException.ThrowIfNull(subject);
        if (subject.Length is 0 or > MaxLength)
        {
            throw new NatsException($"The subject must have 1 to {MaxLength} characters.");
        }

        var tokenStart = 0;
        for (var i = 0; i <= subject.Length; i++)
        {
            if (i == subject.Length || subject[i] == '.')
            {
                RequireToken(subject.AsSpan(tokenStart, i - tokenStart));
                tokenStart = i + 1;
            }
        }
    }

    /// <summary>Whether text survives the way through UTF-8.</summary>
    internal static bool IsUnicode(ReadOnlySpan<char> text)
    {
        while (!text.IsEmpty)
        {
            var i = text.IndexOfAnyInRange('\uD800', '\uDFFF');
            if (i < 0)
            {
                return true;
            }

            if (Rune.DecodeFromUtf16(text[i..], out _, out var consumed) != System.Buffers.OperationStatus.Done)
            {
                return false;
            }

            text = text[(i + consumed)..];
        }

        return true;
    }

    private static void RequireToken(ReadOnlySpan<char> token)
    {
        if (token.IsEmpty)
        {
            throw new NatsException("The subject has an empty token.");
        }

        foreach (var c in token)
        {
            if (char.IsControl(c) || char.IsWhiteSpace(c))
            {
                throw new NatsException("The subject must not have white space or control characters.");
            }
        }

        if (!IsUnicode(token))
        {
            throw new NatsException("The subject is not Unicode text.");
        }
    }
}
