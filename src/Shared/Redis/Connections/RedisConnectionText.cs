using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Relaybox.Connections;
using Relaybox.Secrets;
using StackExchange.Redis;

namespace Relaybox.Redis;

/// <summary>Makes the client's settings of what is configured, and refuses what would send a password in the clear.</summary>
internal static class RedisConnectionText
{
    internal const int DefaultPort = 6379;
    internal const int MaxDatabase = 15;

    private const int DefaultSentinelPort = 26_379;

    // A dead server must be given up while there is time to try again.
    private const int ConnectTimeoutMilliseconds = 5_000;
    private const int AnswerTimeoutMilliseconds = 10_000;
    private const int KeepAliveSeconds = 30;
    private const int TopologySeconds = 15;

    private const string Form =
        "it is not a URL of the form redis://user:password@host:port/0 (or rediss://… for TLS). "
        + "In a user, a password or a name, write / as %2F, ? as %3F, # as %23, @ as %40, : as %3A and % as %25";

    private const string NoHost = "Write redis://user:password@host:port/0";

    /// <summary>Checks a URL, and nothing else of the options.</summary>
    /// <returns>What is wrong, without the text itself; null if nothing is.</returns>
    internal static string? Check(RedisConnectionOptions options)
    {
        try
        {
            FromUrl(options with { CertificateAuthorityFile = null });
            return null;
        }
        catch (FormatException e)
        {
            return e.Message;
        }
    }

    /// <exception cref="FormatException">The URL cannot be used. The text quotes nothing of it.</exception>
    internal static ConfigurationOptions FromUrl(RedisConnectionOptions options) => FromUrl(options.Url!, options);

    /// <exception cref="SecretException">The secret cannot be used. The text quotes nothing of it.</exception>
    internal static ConfigurationOptions FromSecret(string secret, RedisConnectionOptions options)
    {
        try
        {
            var fields = IsUrl(secret) ? null : SecretJson.Parse(secret) ?? throw new FormatException("it is neither a URL nor a JSON object");
            if ((fields is null ? secret : fields.Text("url")) is not { } url)
            {
                return FromFields(fields!, options);
            }

            return options is { Host: null, Port: null }
                ? FromUrl(url, options)
                : throw new FormatException(
                    "it is a URL, which names its hosts itself, and DATABASE_HOST or DATABASE_PORT is set as well. Leave these out");
        }
        catch (FormatException e)
        {
            throw new SecretException(
                $"The database's secret {options.SecretArn} cannot be used: {e.Message}. It must be a URL (rediss://…), or a JSON object with "
                + "password and, where there are any, username, host and port.",
                e);
        }
    }

    private static bool IsUrl(string text) =>
        text.StartsWith("redis://", StringComparison.Ordinal) || text.StartsWith("rediss://", StringComparison.Ordinal);

    private static ConfigurationOptions FromUrl(string text, RedisConnectionOptions options)
    {
        var url = IsUrl(text) ? DatabaseUrl.Read(text, Form) : throw new FormatException(Form);
        string? sentinel = null;
        foreach (var option in url.Options)
        {
            sentinel = option.Name == "sentinel"
                ? IsName(option.Value) ? option.Value : throw new FormatException("its option 'sentinel' is not the name of a primary")
                : throw new FormatException($"{option.Where} is not one that there is: 'sentinel' is the only one");
        }

        var isTls = text.StartsWith("rediss://", StringComparison.Ordinal);
        var hosts = Hosts(url.Hosts);
        if (!isTls && !IsLoopback(hosts))
        {
            throw new FormatException("outside loopback the connection is always encrypted, and redis:// is not. Write rediss://");
        }

        // As with Redis' own programs, a user alone is none: redis://password@host is nothing that anybody reads alike.
        if (url is { User: { Length: > 0 }, Password: null })
        {
            throw new FormatException("it names a user without a password");
        }

        return Finish(hosts, null, url.User, url.Password, DatabaseOf(url.Database, "its database"), sentinel, isTls, options);
    }

    private static ConfigurationOptions FromFields(JsonObject fields, RedisConnectionOptions options)
    {
        var hosts = options.Host ?? fields.Text("host") ?? throw new FormatException("it has no 'host', and DATABASE_HOST is not set");
        var port = options.Port ?? (fields.Text("port") is { } text
            ? int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= 65_535
                ? number
                : throw new FormatException("its 'port' is not one")
            : null);
        var sentinel = fields.Text("sentinel");
        if (sentinel is not null && !IsName(sentinel))
        {
            throw new FormatException("its 'sentinel' is not the name of a primary");
        }

        return Finish(
            Hosts(hosts),
            port,
            fields.Text("username"),
            fields.Text("password") ?? throw new FormatException("it has no 'password'"),
            DatabaseOf(fields.Text("database"), "its 'database'"),
            sentinel,
            IsTrue(fields, "tls") || IsTrue(fields, "ssl"),
            options);
    }

    private static ConfigurationOptions Finish(
        IReadOnlyList<(string Host, int? Port)> hosts,
        int? port,
        string? user,
        string? password,
        int? database,
        string? sentinel,
        bool isTls,
        RedisConnectionOptions options)
    {
        var configuration = new ConfigurationOptions
        {
            User = string.IsNullOrEmpty(user) ? null : user,
            Password = string.IsNullOrEmpty(password) ? null : password,
            DefaultDatabase = options.Database ?? database ?? 0,
            ServiceName = sentinel,

            // Outside loopback it is on in any case.
            Ssl = isTls || !IsLoopback(hosts),
            CheckCertificateRevocation = false,
            ClientName = options.ApplicationName,
            AbortOnConnectFail = true,

            // To the client INFO and ACL are an administrator's.
            AllowAdmin = true,
            ConnectRetry = 1,
            ConnectTimeout = ConnectTimeoutMilliseconds,
            AsyncTimeout = AnswerTimeoutMilliseconds,
            SyncTimeout = AnswerTimeoutMilliseconds,
            KeepAlive = KeepAliveSeconds,
            TopologyRefreshSeconds = TopologySeconds,

            // Otherwise the first subscription finds its own connection not made yet. RESP3 needs no second one.
            SharedSubscriptionConnection = true,

            // What waits for a server that is away would wait until its time is over, for a primary that may be another by then.
            BacklogPolicy = BacklogPolicy.FailFast,

            // Both are keys and channels of the client's own, for which our users would need rights.
            TieBreaker = "",
            ConfigurationChannel = "",

            // Texts of errors would name keys.
            IncludeDetailInExceptions = false,
            IncludePerformanceCountersInExceptions = false,
        };
        foreach (var (host, own) in hosts)
        {
            configuration.EndPoints.Add(EndPointOf(host, own ?? port ?? (sentinel is null ? DefaultPort : DefaultSentinelPort)));
        }

        if (options.CertificateAuthorityFile is { } file)
        {
            configuration.CertificateValidation += TrustedAuthorities.Of(file);
        }

        return configuration;
    }

    private static IReadOnlyList<(string Host, int? Port)> Hosts(string text)
    {
        var hosts = DatabaseHosts.Read(text, [null], Form, NoHost);
        return hosts.Any(host => host.Host.StartsWith('/')) ? throw new FormatException("its host is a path, and sockets of Unix are not supported")
            : hosts;
    }

    private static EndPoint EndPointOf(string host, int port) =>
        IPAddress.TryParse(host.Trim('[', ']'), out var address) ? new IPEndPoint(address, port) : new DnsEndPoint(host, port);

    private static bool IsLoopback(IReadOnlyList<(string Host, int? Port)> hosts) => hosts.All(host => DatabaseHosts.IsLoopback(host.Host));

    private static int? DatabaseOf(string? text, string what) => text switch
    {
        null => null,
        _ when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= MaxDatabase => number,
        _ => throw new FormatException($"{what} is not a number from 0 to {MaxDatabase}"),
    };

    private static bool IsName(string text) =>
        text.Length is > 0 and <= 100 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.');

    private static bool IsTrue(JsonObject fields, string name) =>
        fields[name] is JsonValue value && (value.GetValueKind() == JsonValueKind.True || fields.Text(name) == "true");
}
