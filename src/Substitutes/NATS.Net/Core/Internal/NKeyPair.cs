using System.Text;
using NSec.Cryptography;

namespace NATS.Client.Core.Internal;

/// <summary>
/// A user's NKey: an Ed25519 key whose seed is base32 text with a prefix for its kind and a CRC-16 at its end.
/// </summary>
internal sealed class NKeyPair : IDisposable
{
    private const byte SeedPrefix = 18 << 3;
    private const byte UserPrefix = 20 << 3;
    private const int SeedLength = 2 + 32 + 2;

    private readonly Key _key;

    private NKeyPair(Key key) => _key = key;

    /// <summary>The public key as the server knows it: <c>U…</c>.</summary>
    internal string PublicKey
    {
        get
        {
            Span<byte> raw = stackalloc byte[1 + 32 + 2];
            raw[0] = UserPrefix;
            _key.PublicKey.Export(KeyBlobFormat.RawPublicKey).CopyTo(raw[1..]);
            var crc = Crc16(raw[..33]);
            raw[33] = (byte)crc;
            raw[34] = (byte)(crc >> 8);
            return Base32(raw);
        }
    }

    /// <exception cref="NatsException">It is not the seed of a user.</exception>
    internal static NKeyPair FromSeed(string seed)
    {
        Span<byte> raw = stackalloc byte[SeedLength];
        try
        {
            if (!TryParseBase32(seed.AsSpan().Trim(), raw)
                || (raw[0] & 0xF8) != SeedPrefix
                || (byte)(((raw[0] & 7) << 5) | ((raw[1] & 0xF8) >> 3)) != UserPrefix
                || Crc16(raw[..34]) != (raw[34] | (raw[35] << 8)))
            {
                throw new NatsException("The NKey seed is not one of a user (SU…), or is damaged.");
            }

            return new NKeyPair(Key.Import(SignatureAlgorithm.Ed25519, raw[2..34], KeyBlobFormat.RawPrivateKey));
        }
        finally
        {
            raw.Clear();
        }
    }

    /// <summary>Signs the server's nonce, as base64 for URLs without padding.</summary>
    internal string Sign(string nonce) => System.Buffers.Text.Base64Url.EncodeToString(
        SignatureAlgorithm.Ed25519.Sign(_key, Encoding.UTF8.GetBytes(nonce)));

    public void Dispose() => _key.Dispose();

    private static bool TryParseBase32(ReadOnlySpan<char> text, Span<byte> target)
    {
        if (text.Length != ((target.Length * 8) + 4) / 5)
        {
            return false;
        }

        var buffer = 0;
        var bits = 0;
        var length = 0;
        foreach (var c in text)
        {
            var digit = c is >= 'A' and <= 'Z' ? c - 'A' : c is >= '2' and <= '7' ? c - '2' + 26 : -1;
            if (digit < 0)
            {
                return false;
            }

            buffer = ((buffer << 5) | digit) & 0xFFFF;
            bits += 5;
            if (bits >= 8)
            {
                bits -= 8;
                target[length++] = (byte)(buffer >> bits);
            }
        }

        return length == target.Length;
    }

    private static string Base32(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        var buffer = 0;
        var bits = 0;
        foreach (var b in bytes)
        {
            buffer = ((buffer << 8) | b) & 0xFFFF;
            bits += 8;
            while (bits >= 5)
            {
                bits -= 5;
                text.Append("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[(buffer >> bits) & 31]);
            }
        }

        if (bits > 0)
        {
            text.Append("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[(buffer << (5 - bits)) & 31]);
        }

        return text.ToString();
    }

    // CRC-16/XMODEM
    private static ushort Crc16(ReadOnlySpan<byte> bytes)
    {
        var crc = 0;
        foreach (var b in bytes)
        {
            crc ^= b << 8;
            for (var i = 0; i < 8; i++)
            {
                crc = (crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1;
            }
        }

        return (ushort)crc;
    }
}
