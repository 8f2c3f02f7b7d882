using FsCheck;
using FsCheck.Fluent;
using Relaybox.Postgres;
using static Relaybox.Functions.Tests.Hostile.HostileText;

namespace Relaybox.Functions.Tests.Hostile;

/// <summary>Settings that a deployment can have by mistake, or by somebody's will: by class. Each is refused at start.</summary>
internal static class HostileSettings
{
    internal static readonly string[] Tables = ["OUTBOX_TABLE", "INBOX_TABLE", "JOBS_TABLE", "EFFECTS_TABLE"];

    internal static readonly string[] PostgresNames = ["DATABASE_SCHEMA", "DATABASE_ROLE_PREFIX", "DATABASE_FUNCTIONS_USER", .. Tables];

    internal static readonly string[] MySqlNames = ["DATABASE_SCHEMA", "DATABASE_ROLE_PREFIX", .. Tables];

    internal static readonly string[] RedisNames = ["REDIS_KEY_PREFIX", "EFFECTS_TABLE"];

    internal static readonly string[] MongoDbNames = ["DATABASE_ROLE_PREFIX", "DATABASE_FUNCTIONS_USER", .. Tables];

    internal static readonly string[] Urls = ["QUEUE_URL", "DEAD_LETTER_QUEUE_URL"];

    /// <summary>Texts that are no name of anything, alone and around a good one.</summary>
    internal static IEnumerable<string> Names => new[]
    {
        " ", "\t", "\r\n", "\0", "\u007F", "'", "\"", "`", ";", "--", "/*", "*", ">", "$", "$JS.API.>", "%", "%00", "?",
        "#", "@", "!", "(", ")", "[", "]", "{", "}", "<", "|", "&", "\\", "/", "../", "..\\", ",", ":", "=", "+", "^",
        "~", "é", "中", "ａ", "\u200B", "\u202E", "\uFEFF", "\U0001F680", "ı", "; DROP TABLE outbox; --", "' OR '1'='1",
        "\"; DROP SCHEMA public CASCADE; --", "${jndi:ldap://127.0.0.1}", "{{resolve:secretsmanager:x}}",
    }.SelectMany(text => new[] { text, "outbox" + text, text + "outbox", "out" + text + "box" });

    /// <summary>Those of them that DynamoDB does not take either: it takes hyphens and dots.</summary>
    internal static IEnumerable<string> NoTableNames =>
        Names.Where(value => value.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '.' or '_')));

    internal static Dictionary<string, Gen<(string Name, string Value)>> Classes => new()
    {
        ["setting: numbers"] = Pair(
            [
                "DUE_SHARDS", "RELAY_BATCH_SIZE", "RELAY_LEASE_SECONDS", "RELAY_MAX_ATTEMPTS", "INBOX_LEASE_SECONDS", "INBOX_MAX_ATTEMPTS",
                "HANDLER_CONCURRENCY", "SENT_RETENTION_HOURS", "STALE_AFTER_SECONDS", "PUBLISH_CONCURRENCY", "SQS_MAX_BATCH_BYTES",
            ],
            "x", "-1", "2147483648", "-2147483649", "1.5", "1e3", "0x10", " ", "1 2", "٣", "NaN", "--1", "99999999999999999999"),
        ["setting: choices"] = Pair(
            ["STORE", "BROKER", "RELAY_TRIGGER", "MESSAGE_FORMAT", "LOG_LEVEL"], "x",
            " ", "DynamoDB", "sqs ", "\0", "json", "Envelope", "stream,schedule", "é"),
        ["setting: table names"] = Gen.Elements(Tables).Zip(Gen.Elements([.. NoTableNames])),
        ["setting: queue URLs"] = Gen.Elements(Urls).Zip(Gen.Elements([.. QueueUrls])),
        ["setting: consumer names"] = Gen.Constant("CONSUMER_NAME").Zip(
            Gen.OneOf(WithControl, Gen.Elements("a b", "a/b", "é", "a*", ">", new string('a', 256)))),
        ["setting: buckets"] = Pair(["CLAIM_CHECK_BUCKET"], "A", "a b", "ab", "\r\n", "\0", "-a-", "a/b", "s3://bucket", "é", new string('a', 64)),
        ["setting: sources of CloudEvents"] = Pair(["CLOUDEVENTS_SOURCE"], "not a URI", " ", "\r\n", "\0", "a b", "http://[", "%"),
    };

    /// <summary>
    /// What the settings of MongoDB can hold by mistake. No error repeats <see cref="HostileSecrets.Canary"/>, which each value holds. What a
    /// URI can hold is in <see cref="HostileSecrets"/>.
    /// </summary>
    internal static Dictionary<string, Gen<(string Name, string Value)>> MongoDbClasses => new()
    {
        ["MongoDB setting: numbers"] = Around(
            ["DATABASE_PORT", "DATABASE_MAX_CONNECTIONS", "SWEEP_LISTEN_SECONDS"], "{0}", "1{0}", "{0}1", "-{0}", "27017 {0}", "0x{0}", "1,{0}"),
        ["MongoDB setting: choices"] = Around(["AFTER_SENDING", "RELAY_MODE"], "{0}", "keep{0}", "delete {0}", "lease,{0}", "{0}\0"),
        ["MongoDB setting: hosts"] = Around(
            ["DATABASE_HOST"],
            "{0}", "db.example.com,{0}", "db.example.com:{0}", "db.example.com/{0}", "u:{0}@db.example.com", "mongodb://u:{0}@db.example.com",
            "[{0}]", "127.0.0.1:1,u:{0}@127.0.0.1", "{0}:27017", ",{0}", " {0}"),
        ["MongoDB setting: names"] = Around(
            [.. MongoDbNames, "DATABASE_NAME", "DATABASE_APP_USERS"],
            "{0}", "shop{0}", "{0}.shop", "shop/{0}", "$ {0}", "u:{0}@db.example.com", "shop?{0}", "shop,{0}", "system.{0}"),
        ["MongoDB setting: the secret's name"] = Around(
            ["DATABASE_SECRET_ARN"], "{0}", "mongodb://u:{0}@db.example.com/shop", "{{\"password\":\"{0}\"}}", "arn:aws:sqs:eu:1:{0}", "arn:{0}"),
        ["MongoDB setting: the file of authorities"] = Around(
            ["DATABASE_CA_FILE"], "{0}", "/nowhere/{0}.pem", "-----BEGIN CERTIFICATE-----{0}", "../{0}", "\0{0}"),
    };

    internal static IEnumerable<string> QueueUrls =>
    [
        "x", " ", "/", "//", "file:///etc/passwd", "ftp://127.0.0.1/1/q", "javascript:alert(1)", "http://", "https://",
        "https:///q", "https://h", "https://h/", "https://u:p@h/1/q", "https://h/1/q?x=1", "https://h/1/q#x",
        "https://h/1/q q", " https://h/1/q", "https://h/1/q ", "https://h/1/q\r\nX: y", "https://h/1/q\0",
        "https://h/1/q%00", "https://h/1/é", "https://h/1/..%2f", "https://h/1/q;x", "https://h/1/q'", "https://h/1/q\"",
        "https://h/1/.fifo", "https://h/1/a.b", "https://h\\@x/1/q", "https://h/1/" + new string('q', 81),
        "gopher://h/1/q", "https://h:99999/1/q", "http:q", "h/1/q", "arn:aws:sqs:us-east-1:000000000000:queue",
    ];

    private static Gen<(string Name, string Value)> Around(string[] names, params string[] shapes) => Gen.Elements(names).Zip(
        Gen.Elements(shapes).Select(shape => string.Format(System.Globalization.CultureInfo.InvariantCulture, shape, HostileSecrets.Canary)));

    private static Gen<(string Name, string Value)> Pair(string[] names, params string[] values) => Gen.Elements(names).Zip(Gen.Elements(values));
}
