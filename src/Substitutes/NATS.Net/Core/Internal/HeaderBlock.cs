using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace NATS.Client.Core.Internal;

/// <summary>
/// Writes and reads the header block of a message: <c>NATS/1.0 [status] CRLF</c>, lines of <c>Name: value CRLF</c>, CRLF.
/// What could become another header, or not come out as it went in, is refused before anything is sent.
/// </summary>
internal static class HeaderBlock
{
    private static readonly SearchValues<char> NameCharacters = SearchValues.Create(
        [.. Enumerable.Range('!', '~' - '!' + 1).Select(i => (char)i).Where(c => c != ':')]);

    private static ReadOnlySpan<byte> Version => "NATS/1.0"u8;

    /// <summary>Checks all headers, and says how long their block is.</summary>
    /// <exception cref="NatsException">A name or a value must not be sent.</exception>
    internal static int Measure(NatsHeaders headers, Encoding encoding)
    {
        var length = Version.Length + 2 + 2;
        foreach (var (name, values) in headers)
        {
            if (name.Length == 0 || name.AsSpan().ContainsAnyExcept(NameCharacters))
            {
                throw new NatsException("A header's name must have printable ASCII characters only, and no colon.");
            }

            for (var i = 0; i < values.Count; i++)
            {
                length += name.Length + 2 + MeasureValue(values[i], encoding) + 2;
            }
        }

        return length;
    }

    /// <summary>Writes the block into exactly as many bytes as were measured.</summary>
    internal static void Write(NatsHeaders headers, Encoding encoding, Span<byte> target)
    {
        Put(ref target, Version);
        Put(ref target, "\r\n"u8);
        foreach (var (name, values) in headers)
        {
            for (var i = 0; i < values.Count; i++)
            {
                target = target[Encoding.ASCII.GetBytes(name, target)..];
                Put(ref target, ": "u8);
                target = target[encoding.GetBytes(values[i] ?? "", target)..];
                Put(ref target, "\r\n"u8);
            }
        }

        Put(ref target, "\r\n"u8);
    }

    /// <summary>The status in the block's first line; 0: there is none.</summary>
    internal static int StatusOf(ReadOnlySpan<byte> block) =>
        block.StartsWith(Version) && Utf8Parser.TryParse(block[Version.Length..].TrimStart((byte)' '), out int code, out var length) && length == 3
            ? code
            : 0;

    /// <summary>Reads a block. What cannot be read is told in <see cref="NatsHeaders.Error"/>: the message itself may be fine.</summary>
    internal static NatsHeaders Parse(ReadOnlySpan<byte> block, Encoding encoding)
    {
        var headers = new NatsHeaders();
        try
        {
            Read(block, encoding, headers);
        }
        catch (Exception e) when (e is FormatException or DecoderFallbackException)
        {
            headers.Error = new NatsHeaderParseException(block.ToArray(), e);
        }

        return headers;
    }

    private static void Read(ReadOnlySpan<byte> block, Encoding encoding, NatsHeaders headers)
    {
        var first = NextLine(ref block);
        if (!first.StartsWith(Version))
        {
            throw new FormatException("The header block does not begin with its version.");
        }

        headers.Code = StatusOf(first);
        if (headers.Code != 0)
        {
            headers.MessageText = encoding.GetString(first[Version.Length..].TrimStart((byte)' ')[3..].Trim((byte)' '));
        }

        // Values of one name are gathered first: adding each to an array would take the square of their number.
        Dictionary<string, List<string>>? repeated = null;
        while (true)
        {
            var line = NextLine(ref block);
            if (line.IsEmpty)
            {
                break;
            }

            var colon = line.IndexOf((byte)':');
            if (colon <= 0)
            {
                throw new FormatException("A header has no name.");
            }

            var name = encoding.GetString(line[..colon]);
            var value = encoding.GetString(line[(colon + 1)..].Trim(" \t"u8));
            if (!headers.TryGetValue(name, out var before))
            {
                headers[name] = value;
            }
            else if ((repeated ??= new(StringComparer.OrdinalIgnoreCase)).TryGetValue(name, out var values))
            {
                values.Add(value);
            }
            else
            {
                repeated[name] = [before.ToString(), value];
            }
        }

        foreach (var (name, values) in repeated ?? [])
        {
            headers[name] = values.ToArray();
        }

        if (!block.IsEmpty)
        {
            throw new FormatException("The header block goes on after its end.");
        }
    }

    private static ReadOnlySpan<byte> NextLine(ref ReadOnlySpan<byte> block)
    {
        var end = block.IndexOf("\r\n"u8);
        if (end < 0)
        {
            throw new FormatException("A line of the header block does not end.");
        }

        var line = block[..end];
        block = block[(end + 2)..];
        return line;
    }

    private static int MeasureValue(string? value, Encoding encoding)
    {
        foreach (var c in value.AsSpan())
        {
            if (char.IsControl(c) && c != '\t')
            {
                throw new NatsException("A header's value must not have line breaks or other control characters.");
            }
        }

        if (!SubjectRules.IsUnicode(value) || (encoding is ASCIIEncoding && !Ascii.IsValid(value)))
        {
            throw new NatsException("A header's value has characters that its encoding cannot carry.");
        }

        return encoding.GetByteCount(value ?? "");
    }

    private static void Put(ref Span<byte> target, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(target);
        target = target[bytes.Length..];
    }
}
