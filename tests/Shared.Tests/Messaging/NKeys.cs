using System.Buffers.Text;
using System.Text;
using NATS.NKeys;

namespace Relaybox.Shared.Tests.Messaging;

/// <summary>Keys and signed claims as operators, accounts and users have them, for a server that asks for them.</summary>
internal sealed class NKeys(PrefixByte kind)
{
    private readonly KeyPair _key = KeyPair.CreatePair(kind);

    internal string Public => _key.GetPublicKey();

    internal string Seed => _key.GetSeed();

    /// <summary>Claims about another key, signed by this one.</summary>
    internal string Sign(NKeys about, string nats)
    {
        var header = Base64Url.EncodeToString("""{"typ":"JWT","alg":"ed25519-nkey"}"""u8);
        var claims = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(
            $$"""{"jti":"{{Guid.NewGuid():N}}","iat":"""
            + $$"""{{DateTimeOffset.UtcNow.ToUnixTimeSeconds()}},"iss":"{{Public}}","name":"n","sub":"{{about.Public}}","nats":{{nats}}}"""));
        var signature = new byte[64];
        _key.Sign(Encoding.ASCII.GetBytes($"{header}.{claims}"), signature);
        return $"{header}.{claims}.{Base64Url.EncodeToString(signature)}";
    }
}
