using System.Buffers;
using System.Text;
using MySqlConnector;

namespace Relaybox.MySql;

/// <summary>How many bytes a statement has on its way to the server: the driver puts the parameters into its text.</summary>
internal static class StatementSize
{
    /// <summary>What a message has besides its statements, generously.</summary>
    internal const int Envelope = 64;

    // A number, a time, a Guid: the longest is a decimal of 65 digits.
    private const int OfOther = 80;

    private static readonly SearchValues<char> Escaped = SearchValues.Create("\\'\0");
    private static readonly SearchValues<byte> EscapedBytes = SearchValues.Create("\\'\0"u8);

    /// <summary>The bytes of a text in quotation marks, also where its column holds bytes; of NULL where there is no text.</summary>
    internal static long Of(string? text) => text is null ? 4 : 11L + Encoding.UTF8.GetByteCount(text) + Count(text);

    /// <summary>The most bytes that an enlisted statement can have, if its parameters are texts, bytes, numbers and times.</summary>
    internal static long Of(MySqlBatchCommand command)
    {
        var text = command.CommandText;
        var (sum, longest) = (0L, 0L);
        foreach (MySqlParameter parameter in command.Parameters)
        {
            var size = parameter.Value switch
            {
                string value => Of(value),
                byte[] value => 11L + value.Length + Count(value),
                _ => OfOther,
            };
            (sum, longest) = (sum + size, Math.Max(longest, size));
        }

        // A parameter can stand in the text more than once.
        var places = text.AsSpan().Count('@') + text.AsSpan().Count('?');
        return Encoding.UTF8.GetByteCount(text) + sum + (Math.Max(0, places - command.Parameters.Count) * longest) + 2;
    }

    private static int Count(ReadOnlySpan<char> text)
    {
        var count = 0;
        while (text.IndexOfAny(Escaped) is >= 0 and var at)
        {
            count++;
            text = text[(at + 1)..];
        }

        return count;
    }

    private static int Count(ReadOnlySpan<byte> bytes)
    {
        var count = 0;
        while (bytes.IndexOfAny(EscapedBytes) is >= 0 and var at)
        {
            count++;
            bytes = bytes[(at + 1)..];
        }

        return count;
    }
}
