using FsCheck;
using FsCheck.Fluent;

namespace Relaybox.Functions.Tests.Hostile;

/// <summary>
/// Secrets of MongoDB that somebody has written by mistake, or by will: by class. Each holds <see cref="Canary"/> where a user, a password or
/// something else could be taken for another part; nothing may ever repeat it.
/// </summary>
internal static class HostileSecrets
{
    // No host, no user and no database's name, which may be told.
    internal const string Canary = "c4nary!c0ffee+4711";

    /// <summary>A part of it that is told is too much, too.</summary>
    internal static readonly string[] Parts = [Canary, "c4nary", "c0ffee", "4711"];

    private static readonly string[] Fields =
    [
        "host", "port", "dbname", "database", "username", "password", "authSource", "replicaSet", "ssl", "tls", "engine", "uri",
        "dbClusterIdentifier", "another",
    ];

    private static readonly string[] Around =
    [
        "{0}", "1{0}", "a,{0}", "a:{0}", "a/{0}", "{0}/a", "a?{0}", "a#{0}", "a@{0}", "%{0}", "{0}\\u0000", "\\ud800{0}", "{0}\\n", "\\u202e{0}",
        "[{0}]", "mongodb://{0}", "mongodb://u:{0}@127.0.0.1:1/shop", "mongodb://127.0.0.1:1/{0}", "/nowhere/{0}.pem",
    ];

    // Where somebody splits in the wrong place, a part of the password is taken for a host, a port, a database or an option.
    private static readonly string[] Uris =
    [
        "mongodb://", "mongodb://{0}", "mongodb://u:{0}", "mongodb://u:{0}@", "mongodb://u:{0}@/shop", "mongodb://{0}/shop",
        "mongodb://{0}@127.0.0.1:1/shop",
        "mongodb://u:{0}@127.0.0.1:1/shop", "mongodb://u:77/{0}@127.0.0.1:1/shop", "mongodb://u:77?{0}@127.0.0.1:1/shop",
        "mongodb://u:77#{0}@127.0.0.1:1/shop", "mongodb://u:77@{0}@127.0.0.1:1/shop", "mongodb://u:77:{0}@127.0.0.1:1/shop",
        "mongodb://u:77,{0}@127.0.0.1:1/shop", "mongodb://u:77%{0}@127.0.0.1:1/shop", "mongodb://u:77/?{0}=1@127.0.0.1:1/shop",
        "mongodb://u:77/a?appName={0}@127.0.0.1:1/shop", "mongodb://127.0.0.1:1,{0}/shop", "mongodb://127.0.0.1:{0}/shop",
        "mongodb://127.0.0.1:1/{0}", "mongodb://127.0.0.1:1/shop/{0}", "mongodb://127.0.0.1:1/shop?{0}", "mongodb://127.0.0.1:1/shop?{0}=1",
        "mongodb://127.0.0.1:1/shop?{0}=1&{0}=2", "mongodb://u:{0}@127.0.0.1:1/shop?authSource={0}", "mongodb://127.0.0.1:1/shop?replicaSet={0}",
        "mongodb://127.0.0.1:1/shop?tls={0}", "mongodb://127.0.0.1:1/shop?tlsInsecure={0}", "mongodb://127.0.0.1:1/shop?readPreference={0}",
        "mongodb://127.0.0.1:1/shop?w={0}", "mongodb://127.0.0.1:1/shop?maxPoolSize={0}", "mongodb://127.0.0.1:1/shop?connectTimeoutMS={0}",
        "mongodb://127.0.0.1:1/shop?compressors={0}", "mongodb://u:{0}@127.0.0.1:1/shop?authMechanism={0}",
        "mongodb://u:{0}@127.0.0.1:1/shop?readPreferenceTags={0}",
        "mongodb://u:{0}@127.0.0.1:1/shop?authMechanism=MONGODB-AWS&authMechanismProperties={0}", "mongodb://127.0.0.1:1/shop?proxyHost={0}",
        "mongodb://u:{0}@127.0.0.1:1/shop?authMechanism=GSSAPI", "mongodb://127.0.0.1:1/shop?authMechanism=MONGODB-X509&authSource={0}",
        "mongodb://u:{0}@127.0.0.1:1/shop?uuidRepresentation={0}", "mongodb://u:{0}@127.0.0.1:1/shop?heartbeatFrequencyMS={0}",
        "mongodb://127.0.0.1:1/shop?srvServiceName={0}", "mongodb+srv://u:{0}@127.0.0.1/shop", "mongodb+srv://u:{0}@a,b/shop",
        "mongodb+srv://{0}/shop",
        "mongodb+srv://u:77/{0}@cluster0.invalid/shop", "mongodb:/u:{0}@127.0.0.1/shop", "MONGODB://u:{0}@127.0.0.1:1/shop",
        " mongodb://u:{0}@127.0.0.1:1/shop",
        "mongodb://u:{0}@127.0.0.1:1/shop ", "mongodb://u:{0}@127.0.0.1:1/shop\n", "\uFEFFmongodb://u:{0}@127.0.0.1:1/shop",
        "mongodb://u:{0}@unix%2Fsock/shop",
        "mongodb://u:{0}@%2Ftmp%2Fmongodb.sock/shop", "postgres://u:{0}@127.0.0.1:1/shop", "https://u:{0}@127.0.0.1:1/shop",
    ];

    private static readonly string[] Json =
    [
        "{0}", "\"{0}\"", "[\"{0}\"]", "{{\"{0}\"}}", "{{\"password\":\"{0}\"", "{{\"password\":\"{0}\"}}}}", "{{\"password\":{0}}}",
        "{{'password':'{0}'}}",
        "{{\"{0}\":1}}", "{{\"\\ud800{0}\":1}}", "{{\"{0}\":1,\"{0}\":2}}", "{{\"username\":\"u\",\"username\":\"{0}\"}}",
        "\uFEFF{{\"password\":\"{0}\"}}",
        "{{\"password\":\"\\ud800{0}\",\"username\":\"u\",\"host\":\"127.0.0.1\",\"dbname\":\"shop\"}}", "null {0}", "// {0}\n{{}}", "{{}} {0}",
    ];

    internal static Dictionary<string, Gen<string>> Classes => new()
    {
        ["secret: a connection string"] = Gen.Elements(Uris).Select(Fill),
        ["secret: JSON around a connection string"] = Gen.Elements(Uris).Select(uri => With("uri", Quoted(Fill(uri)))),
        ["secret: a field that is wrong"] = Gen.Elements(Fields).Zip(Gen.Elements(Around))
            .Select(part => With(part.Item1, $"\"{Fill(part.Item2)}\"")),
        ["secret: a field of another type"] = Gen.Elements(Fields).Zip(Gen.Elements(
            "null", "true", "7", "-1", "1e400", "123456789012345678901234567890", "[]", $"[\"{Canary}\"]", $"{{\"{Canary}\":\"{Canary}\"}}", "\"\""))
            .Select(part => With(part.Item1, part.Item2)),
        ["secret: a field that is missing"] = Gen.Elements(Fields).Select(name => With(name, null)),
        ["secret: broken JSON"] = Gen.Elements(Json).Select(Fill),
        ["secret: a long text"] = Gen.Elements("", "{", "[", "mongodb://", "mongodb://u:", "{\"uri\":\"mongodb://").Select(
            start => start + string.Concat(Enumerable.Repeat(Canary, 4_000))),
    };

    private static string Fill(string shape) => shape.Replace("{0}", Canary, StringComparison.Ordinal)
        .Replace("{{", "{", StringComparison.Ordinal).Replace("}}", "}", StringComparison.Ordinal);

    private static string Quoted(string text) => System.Text.Json.JsonSerializer.Serialize(text);

    /// <summary>A good secret with a field in place of its own, or without it.</summary>
    private static string With(string name, string? value)
    {
        var fields = new Dictionary<string, string>
        {
            ["host"] = "\"127.0.0.1\"", ["port"] = "1", ["dbname"] = "\"shop\"", ["username"] = "\"u\"", ["password"] = $"\"{Canary}\"",
        };
        fields.Remove(name);
        if (value is not null)
        {
            fields[name] = value;
        }

        return $"{{{string.Join(',', fields.Select(field => $"\"{field.Key}\":{field.Value}"))}}}";
    }
}
