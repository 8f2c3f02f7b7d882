using System.Security.Cryptography;
using System.Text;
using MongoDB.Bson;

namespace Relaybox.MongoDouble.Users;

/// <summary>What the server keeps of a password (RFC 5802, SCRAM-SHA-256).</summary>
internal sealed record ScramCredentials(int Iterations, byte[] Salt, byte[] StoredKey, byte[] ServerKey)
{
    public static ScramCredentials Of(string password)
    {
        const int Rounds = 15_000;
        var salt = RandomNumberGenerator.GetBytes(28);
        var salted = Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), salt, Rounds, HashAlgorithmName.SHA256, 32);
        var clientKey = HMACSHA256.HashData(salted, "Client Key"u8);
        return new ScramCredentials(Rounds, salt, SHA256.HashData(clientKey), HMACSHA256.HashData(salted, "Server Key"u8));
    }

    public static ScramCredentials Read(BsonDocument document) => new(
        document["iterationCount"].AsInt32, Bytes(document["salt"]), Bytes(document["storedKey"]), Bytes(document["serverKey"]));

    public BsonDocument ToDocument() => new()
    {
        { "iterationCount", Iterations },
        { "salt", Convert.ToBase64String(Salt) },
        { "storedKey", Convert.ToBase64String(StoredKey) },
        { "serverKey", Convert.ToBase64String(ServerKey) },
    };

    private static byte[] Bytes(BsonValue value) => Convert.FromBase64String(value.AsString);
}
