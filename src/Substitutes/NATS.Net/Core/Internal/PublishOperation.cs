using System.Buffers.Text;
using System.Text;

namespace NATS.Client.Core.Internal;

/// <summary>PUB and HPUB: checked, measured, and then written straight into the outgoing buffer.</summary>
internal readonly ref struct PublishOperation
{
    private readonly string _subject;
    private readonly ReadOnlySpan<byte> _inbox;
    private readonly ReadOnlySpan<byte> _token;
    private readonly NatsHeaders? _headers;
    private readonly Encoding _encoding;
    private readonly ReadOnlySpan<byte> _payload;
    private readonly int _headerLength;

    /// <param name="subject">The subject.</param>
    /// <param name="inbox">Where the answer goes, up to the token; empty: no answer is wanted.</param>
    /// <param name="token">The rest of it.</param>
    /// <param name="headers">The headers; null: none.</param>
    /// <param name="encoding">The encoding of the headers' values.</param>
    /// <param name="payload">The payload.</param>
    /// <exception cref="NatsException">Subject or headers must not be sent.</exception>
    internal PublishOperation(
        string subject,
        ReadOnlySpan<byte> inbox,
        ReadOnlySpan<byte> token,
        NatsHeaders? headers,
        Encoding encoding,
        ReadOnlySpan<byte> payload)
    {
        SubjectRules.RequireSendable(subject);
        _subject = subject;
        _inbox = inbox;
        _token = token;
        _headers = headers is { Count: > 0 } ? headers : null;
        _encoding = encoding;
        _payload = payload;
        _headerLength = _headers is null ? 0 : HeaderBlock.Measure(_headers, encoding);
        var length = "PUB "u8.Length + Encoding.UTF8.GetByteCount(subject) + 1
            + (inbox.IsEmpty ? 0 : inbox.Length + token.Length + 1)
            + DigitsOf(Size) + 2 + Size + 2;
        Length = _headers is null ? length : length + 1 + DigitsOf(_headerLength) + 1;
    }

    /// <summary>What counts against the server's max_payload: headers and payload.</summary>
    internal int Size => _headerLength + _payload.Length;

    /// <summary>The length of the whole operation.</summary>
    internal int Length { get; }

    internal static void Write(Span<byte> target, in PublishOperation operation) => operation.Write(target);

    private void Write(Span<byte> target)
    {
        Put(ref target, _headers is null ? "PUB "u8 : "HPUB "u8);
        target = target[Encoding.UTF8.GetBytes(_subject, target)..];
        Put(ref target, " "u8);
        if (!_inbox.IsEmpty)
        {
            Put(ref target, _inbox);
            Put(ref target, _token);
            Put(ref target, " "u8);
        }

        if (_headers is not null)
        {
            PutNumber(ref target, _headerLength);
            Put(ref target, " "u8);
        }

        PutNumber(ref target, Size);
        Put(ref target, "\r\n"u8);
        if (_headers is not null)
        {
            HeaderBlock.Write(_headers, _encoding, target[.._headerLength]);
            target = target[_headerLength..];
        }

        Put(ref target, _payload);
        Put(ref target, "\r\n"u8);
    }

    private static int DigitsOf(int value)
    {
        var digits = 1;
        while (value >= 10)
        {
            value /= 10;
            digits++;
        }

        return digits;
    }

    private static void Put(ref Span<byte> target, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(target);
        target = target[bytes.Length..];
    }

    private static void PutNumber(ref Span<byte> target, int value)
    {
        Utf8Formatter.TryFormat(value, target, out var written);
        target = target[written..];
    }
}
