using System.IO.Compression;

namespace Relaybox.Messaging;

/// <summary>Makes bytes fewer, and the same again (RFC 1952).</summary>
internal static class Gzip
{
    internal static byte[] Compress(ReadOnlySpan<byte> bytes)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Optimal))
        {
            gzip.Write(bytes);
        }

        return compressed.ToArray();
    }

    /// <exception cref="MessageFormatException">They are not compressed so, or would be more than there may be.</exception>
    internal static byte[] Decompress(byte[] compressed, int most)
    {
        try
        {
            using var gzip = new GZipStream(new MemoryStream(compressed), CompressionMode.Decompress);
            using var bytes = new MemoryStream();
            var buffer = new byte[81_920];
            while (gzip.Read(buffer) is > 0 and var count)
            {
                if (bytes.Length + count > most)
                {
                    throw MessageFormatException.Unreadable($"The message's compressed body would have more than {most} bytes.");
                }

                bytes.Write(buffer, 0, count);
            }

            return bytes.ToArray();
        }
        catch (InvalidDataException)
        {
            throw MessageFormatException.Unreadable("The message's compressed body is not gzip.");
        }
    }
}
