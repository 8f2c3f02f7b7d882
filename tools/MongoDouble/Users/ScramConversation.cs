using System.Security.Cryptography;
using System.Text;

namespace Relaybox.MongoDouble.Users;

/// <summary>The server's side of SCRAM-SHA-256.</summary>
internal sealed class ScramConversation
{
    private readonly ScramCredentials _credentials;
    private readonly string _nonce;
    private readonly string _firstMessages;

    private ScramConversation(AuthenticatedUser user, ScramCredentials credentials, string clientFirst, string nonce)
    {
        (User, _credentials, _nonce) = (user, credentials, nonce);
        ServerFirst = $"r={nonce},s={Convert.ToBase64String(credentials.Salt)},i={credentials.Iterations}";
        _firstMessages = $"{clientFirst},{ServerFirst}";
    }

    public AuthenticatedUser User { get; }

    public string ServerFirst { get; }

    /// <summary>Whether the client has proved that it knows the password.</summary>
    public bool IsProved { get; private set; }

    /// <summary>Whether the client wants no empty message after its proof.</summary>
    public bool SkipsEmptyExchange { get; init; }

    /// <summary>Begins with the client's first message.</summary>
    /// <param name="find">What is kept of a user's password; null: there is no such user.</param>
    /// <exception cref="ServerException">The message is none, or the user unknown.</exception>
    public static ScramConversation Begin(
        string database, string message, bool skipsEmptyExchange, Func<AuthenticatedUser, ScramCredentials?> find)
    {
        var comma = message.IndexOf(',', Math.Min(2, message.Length));
        if (!message.StartsWith("n,", StringComparison.Ordinal) || comma < 0)
        {
            throw ServerErrors.AuthenticationFailed();
        }

        var bare = message[(comma + 1)..];
        var fields = Fields(bare);
        if (!fields.TryGetValue('n', out var name) || !fields.TryGetValue('r', out var nonce))
        {
            throw ServerErrors.AuthenticationFailed();
        }

        var user = new AuthenticatedUser(database, name.Replace("=2C", ",", StringComparison.Ordinal).Replace("=3D", "=", StringComparison.Ordinal));
        var credentials = find(user) ?? throw ServerErrors.AuthenticationFailed();
        return new ScramConversation(user, credentials, bare, nonce + Convert.ToBase64String(RandomNumberGenerator.GetBytes(24)))
        {
            SkipsEmptyExchange = skipsEmptyExchange,
        };
    }

    /// <summary>Takes the client's proof.</summary>
    /// <returns>The server's final message.</returns>
    /// <exception cref="ServerException">The password was another one.</exception>
    public string Prove(string message)
    {
        var fields = Fields(message);
        if (!fields.TryGetValue('r', out var nonce) || nonce != _nonce || !fields.TryGetValue('p', out var given))
        {
            throw ServerErrors.AuthenticationFailed();
        }

        var withoutProof = message[..message.LastIndexOf(",p=", StringComparison.Ordinal)];
        var everything = Encoding.UTF8.GetBytes($"{_firstMessages},{withoutProof}");
        var signature = HMACSHA256.HashData(_credentials.StoredKey, everything);
        var clientKey = new byte[signature.Length];
        if (!Convert.TryFromBase64String(given, clientKey, out var written) || written != signature.Length)
        {
            throw ServerErrors.AuthenticationFailed();
        }

        for (var i = 0; i < clientKey.Length; i++)
        {
            clientKey[i] ^= signature[i];
        }

        if (!CryptographicOperations.FixedTimeEquals(SHA256.HashData(clientKey), _credentials.StoredKey))
        {
            throw ServerErrors.AuthenticationFailed();
        }

        IsProved = true;
        return $"v={Convert.ToBase64String(HMACSHA256.HashData(_credentials.ServerKey, everything))}";
    }

    private static Dictionary<char, string> Fields(string message)
    {
        var fields = new Dictionary<char, string>();
        foreach (var part in message.Split(','))
        {
            if (part.Length > 2 && part[1] == '=')
            {
                fields[part[0]] = part[2..];
            }
        }

        return fields;
    }
}
