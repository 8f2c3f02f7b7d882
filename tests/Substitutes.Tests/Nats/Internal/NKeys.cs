using System.Text;
using NSec.Cryptography;

namespace Relaybox.Substitutes.Tests.Nats.Internal;

/// <summary>Makes keys and signed claims as operators, accounts and users have them, for a server that wants them.</summary>
internal sealed class NKeys
{
    internal const int Operator = 14 << 3;
    internal const int Account = 0;
    internal const int User = 20 << 3;

    private readonly Key _key = Key.Create(
        SignatureAlgorithm.Ed25519, new KeyCreationParameters { ExportPolicy = KeyExportPolicies.AllowPlaintextExport });

    internal NKeys(int kind)
    {
        Public = Encode([(byte)kind, .. _key.PublicKey.Export(KeyBlobFormat.RawPublicKey)]);
        Seed = Encode([(byte)((18 << 3) | (kind >> 5)), (byte)((kind & 31) << 3), .. _key.Export(KeyBlobFormat.RawPrivateKey)]);
    }

    internal string Public { get; }

    internal string Seed { get; }

    /// <summary>Claims about another key, signed by this one.</summary>
    internal string Sign(NKeys about, string nats)
    {
        var header = Base64("""{"typ":"JWT","alg":"ed25519-nkey"}"""u8);
        var claims = Base64(Encoding.UTF8.GetBytes(
            $$"""{"jti":"{{Guid.NewGuid():N}}","iat":{{DateTimeOffset.UtcNow.ToUnixTimeSeconds()}},"iss":"{{Public}}","name":"n","sub":"{{about.Public}}","nats":{{nats}}}"""));
        return $"{header}.{claims}.{Base64(SignatureAlgorithm.Ed25519.Sign(_key, Encoding.ASCII.GetBytes($"{header}.{claims}")))}";
    }

    private static string Base64(ReadOnlySpan<byte> bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);

    private static string Encode(byte[] raw)
    {
        var crc = 0;
        foreach (var b in raw)
        {
            crc ^= b << 8;
            for (var i = 0; i < 8; i++)
            {
                crc = ((crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xFFFF;
            }
        }

        var bits = string.Concat(raw.Append((byte)crc).Append((byte)(crc >> 8)).Select(b => Convert.ToString(b, 2).PadLeft(8, '0')));
        return string.Concat(bits.Chunk(5).Select(chunk =>
            "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[Convert.ToInt32(new string(chunk).PadRight(5, '0'), 2)]));
    }
}
