namespace NATS.Client.Core.Internal;

/// <summary>
/// Reads what a server sends, after the public description of the client protocol. Any bytes are survived: a line and a
/// message have a longest length, and nothing is allocated for a length that was only announced.
/// </summary>
internal sealed class ProtocolParser
{
    /// <summary>The longest line, in bytes. An INFO with the addresses of a large cluster is the longest that occurs.</summary>
    internal const int MaxLine = 64 * 1024;

    /// <summary>What a message may have beyond the server's max_payload, which counts its headers in.</summary>
    internal const int Slack = 64 * 1024;

    private int _scanned;
    private int _needed;

    /// <summary>The longest message, headers included; see <see cref="Slack"/>.</summary>
    internal int MaxPayload { get; set; } = ServerInfo.DefaultMaxPayload;

    /// <summary>Reads the next operation from what has arrived and was not consumed.</summary>
    /// <param name="buffer">All that has arrived and was not consumed.</param>
    /// <param name="frame">The operation.</param>
    /// <param name="consumed">How many bytes it takes.</param>
    /// <returns>False: it has not arrived completely.</returns>
    /// <exception cref="ProtocolException">It is none, or is too long.</exception>
    internal bool TryRead(ReadOnlySpan<byte> buffer, out Frame frame, out int consumed)
    {
        frame = default;
        consumed = 0;
        if (buffer.Length < _needed)
        {
            return false;
        }

        var newline = buffer[_scanned..].IndexOf((byte)'\n');
        if (newline < 0)
        {
            _scanned = buffer.Length;
            return buffer.Length <= MaxLine ? false : throw new ProtocolException($"The server sent a line of more than {MaxLine} bytes.");
        }

        newline += _scanned;
        if (newline > MaxLine)
        {
            throw new ProtocolException($"The server sent a line of more than {MaxLine} bytes.");
        }

        var line = buffer[..newline];
        line = line.EndsWith("\r"u8) ? line[..^1] : line;
        var bodyLength = ReadLine(line, ref frame, out var headerLength);
        if (bodyLength < 0)
        {
            return Done(newline + 1, out consumed);
        }

        var start = newline + 1;
        var end = start + bodyLength;
        if (buffer.Length < end + 2)
        {
            _scanned = 0;
            _needed = end + 2;
            return false;
        }

        if (!buffer.Slice(end, 2).SequenceEqual("\r\n"u8))
        {
            throw new ProtocolException("The server sent a message that is longer than it said.");
        }

        frame.Headers = buffer.Slice(start, headerLength);
        frame.Payload = buffer[(start + headerLength)..end];
        return Done(end + 2, out consumed);
    }

    private bool Done(int length, out int consumed)
    {
        _scanned = 0;
        _needed = 0;
        consumed = length;
        return true;
    }

    /// <returns>The length of the body that follows; -1: none does.</returns>
    private int ReadLine(ReadOnlySpan<byte> line, ref Frame frame, out int headerLength)
    {
        headerLength = 0;
        if (Is(line, "MSG "u8))
        {
            return ReadMessageLine(line[4..], ref frame, hasHeaders: false, out headerLength);
        }

        if (Is(line, "HMSG "u8))
        {
            return ReadMessageLine(line[5..], ref frame, hasHeaders: true, out headerLength);
        }

        if (Is(line, "INFO "u8))
        {
            frame.Kind = FrameKind.Info;
            frame.Payload = line[5..];
        }
        else if (Is(line, "-ERR"u8))
        {
            frame.Kind = FrameKind.Error;
            frame.Payload = line[4..].Trim(" \t'"u8);
        }
        else
        {
            frame.Kind = IsOnly(line, "PING"u8) ? FrameKind.Ping
                : IsOnly(line, "PONG"u8) ? FrameKind.Pong
                : IsOnly(line, "+OK"u8) ? FrameKind.Ok
                : throw new ProtocolException("The server sent a line that is none of the protocol.");
        }

        return -1;
    }

    // MSG <subject> <sid> [reply-to] <bytes>, HMSG <subject> <sid> [reply-to] <header bytes> <total bytes>
    private int ReadMessageLine(ReadOnlySpan<byte> line, ref Frame frame, bool hasHeaders, out int headerLength)
    {
        frame.Kind = FrameKind.Message;
        frame.Subject = NextToken(ref line);
        frame.Sid = ParseNumber(NextToken(ref line), long.MaxValue);
        var third = NextToken(ref line);
        var fourth = NextToken(ref line);
        var fifth = hasHeaders ? NextToken(ref line) : default;
        if (!NextToken(ref line).IsEmpty)
        {
            throw new ProtocolException("The server sent a message line with too many parts.");
        }

        var hasReply = !(hasHeaders ? fifth : fourth).IsEmpty;
        frame.ReplyTo = hasReply ? third : default;
        var headers = hasReply ? fourth : third;
        var total = hasHeaders ? (hasReply ? fifth : fourth) : headers;
        var length = (int)ParseNumber(total, MaxPayload + Slack);
        headerLength = hasHeaders ? (int)ParseNumber(headers, length) : 0;
        return length;
    }

    private static ReadOnlySpan<byte> NextToken(scoped ref ReadOnlySpan<byte> line)
    {
        line = line.TrimStart(" \t"u8);
        var end = line.IndexOfAny((byte)' ', (byte)'\t');
        var token = end < 0 ? line : line[..end];
        line = line[token.Length..];
        return token;
    }

    private static long ParseNumber(ReadOnlySpan<byte> digits, long most)
    {
        if (digits.Length is 0 or > 18)
        {
            throw new ProtocolException("The server sent a message line without a number where one belongs.");
        }

        var value = 0L;
        foreach (var digit in digits)
        {
            value = digit is >= (byte)'0' and <= (byte)'9'
                ? (value * 10) + (digit - '0')
                : throw new ProtocolException("The server sent a message line without a number where one belongs.");
        }

        return value <= most ? value : throw new ProtocolException($"The server sent a message of {value} bytes; at most {most} are taken.");
    }

    private static bool Is(ReadOnlySpan<byte> line, ReadOnlySpan<byte> operation) =>
        line.Length >= operation.Length && System.Text.Ascii.EqualsIgnoreCase(line[..operation.Length], operation);

    private static bool IsOnly(ReadOnlySpan<byte> line, ReadOnlySpan<byte> operation) =>
        System.Text.Ascii.EqualsIgnoreCase(line.TrimEnd(" \t"u8), operation);
}
