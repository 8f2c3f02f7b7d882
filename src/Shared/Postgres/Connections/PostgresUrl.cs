using System.Globalization;
using System.Net;
using Npgsql;

namespace Relaybox.Postgres;

/// <summary>
/// Reads URLs as libpq does: <c>postgres://user:password@host1:port1,host2:port2/database?option=value</c>. It is stricter in one
/// thing: what has to be escaped must be, because otherwise a part of the password is taken for something that errors name.
/// </summary>
internal static class PostgresUrl
{
    private const string NoUrl =
        "it is not a URL of the form postgres://user:password@host:port/database. "
        + "In a user, a password or a name, write / as %2F, ? as %3F, # as %23, @ as %40, : as %3A and % as %25";

    // libpq's names of what Npgsql calls otherwise.
    private static readonly Dictionary<string, string> Names = new(StringComparer.Ordinal)
    {
        ["application_name"] = "Application Name",
        ["channel_binding"] = "Channel Binding",
        ["client_encoding"] = "Client Encoding",
        ["connect_timeout"] = "Timeout",
        ["connection_lifetime"] = "Connection Lifetime",
        ["dbname"] = "Database",
        ["gssencmode"] = "GSS Encryption Mode",
        ["keepalives"] = "TCP Keepalive",
        ["keepalives_idle"] = "TCP Keepalive Time",
        ["keepalives_interval"] = "TCP Keepalive Interval",
        ["krbsrvname"] = "Kerberos Service Name",
        ["load_balance_hosts"] = "Load Balance Hosts",
        ["require_auth"] = "Require Auth",
        ["sslcert"] = "SSL Certificate",
        ["sslkey"] = "SSL Key",
        ["sslmode"] = "SSL Mode",
        ["sslnegotiation"] = "SSL Negotiation",
        ["sslpassword"] = "SSL Password",
        ["sslrootcert"] = "Root Certificate",
        ["target_session_attrs"] = "Target Session Attributes",
        ["user"] = "Username",
    };

    private static readonly (string Libpq, string Npgsql)[] Methods =
        [("scram-sha-256", "ScramSHA256"), ("password", "Password"), ("md5", "MD5"), ("gss", "GSS"), ("sspi", "SSPI"), ("none", "None")];

    /// <summary>The options that the JSON of a secret can have, too.</summary>
    internal static IReadOnlyList<string> SecretOptions { get; } =
        ["application_name", "channel_binding", "connect_timeout", "connection_lifetime", "load_balance_hosts", "target_session_attrs"];

    internal static bool IsUrl(string text) =>
        text.StartsWith("postgres://", StringComparison.Ordinal) || text.StartsWith("postgresql://", StringComparison.Ordinal);

    /// <summary>Whether a text is a host, or several with commas between them, each with its port or without.</summary>
    internal static bool AreHosts(string text) => Array.TrueForAll(
        text.Split(','), part => IPAddress.TryParse(part, out _) || (SplitPort(part) is var (host, port) && IsHost(host) && IsPort(port)));

    /// <exception cref="FormatException">The URL cannot be read. The text quotes nothing of it.</exception>
    internal static NpgsqlConnectionStringBuilder Read(string url)
    {
        var rest = url[(url.IndexOf("://", StringComparison.Ordinal) + 3)..];
        var end = rest.IndexOfAny(['/', '?', '#']) is >= 0 and var at ? at : rest.Length;
        var question = rest.IndexOf('?', end) is >= 0 and var mark ? mark : rest.Length;
        var authority = rest[..end];

        // Behind the hosts an '@' is the rest of a password that is not escaped, and so is a second one before them.
        if (rest.Contains('#', StringComparison.Ordinal) || rest.AsSpan(end).Contains('@') || authority.AsSpan().Count('@') > 1)
        {
            throw new FormatException(NoUrl);
        }

        var user = authority.LastIndexOf('@') is >= 0 and var sign ? authority[..sign].Split(':', 2) : [];
        var builder = new NpgsqlConnectionStringBuilder
        {
            Username = user.Length > 0 ? Unescape(user[0]) : null,
            Password = user.Length > 1 ? Unescape(user[1]) : null,
            Database = DatabaseOf(rest[end..question]),
        };
        var hosts = authority[(authority.LastIndexOf('@') + 1)..];
        var ports = new string?[1];
        var number = 0;
        foreach (var pair in rest[Math.Min(question + 1, rest.Length)..].Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            number++;
            if (pair.Split('=', 2) is not [var name, var escaped])
            {
                throw new FormatException(NoUrl);
            }

            var (option, value) = (Unescape(name), Unescape(escaped));
            switch (option)
            {
                case "host":
                    hosts = value;
                    break;
                case "port":
                    ports = value.Split(',');
                    break;
                default:
                    Set(builder, option, value, $"its option {number.ToString(CultureInfo.InvariantCulture)} after the '?'");
                    break;
            }
        }

        SetHosts(builder, hosts, ports);
        return builder;
    }

    /// <summary>Sets an option by libpq's name, or by Npgsql's.</summary>
    /// <exception cref="FormatException">There is no such option, or not with this value. The text quotes known names alone.</exception>
    internal static void Set(NpgsqlConnectionStringBuilder builder, string option, string value, string where)
    {
        var known = Names.TryGetValue(option, out var name);
        try
        {
            builder[name ?? option] = option switch
            {
                "sslmode" => value.Replace("-", "", StringComparison.Ordinal),
                "load_balance_hosts" => value is "random" or "true" ? "true" : value is "disable" or "false" ? "false" : value,
                "require_auth" => Methods.Aggregate(value, (text, method) => text.Replace(method.Libpq, method.Npgsql, StringComparison.Ordinal)),
                "keepalives" => value == "1" ? "true" : value == "0" ? "false" : value,
                _ => value,
            };
        }
        catch (Exception e) when (e is ArgumentException or KeyNotFoundException or InvalidCastException or FormatException or OverflowException)
        {
            // Npgsql's text can quote both.
            throw new FormatException(known ? $"its option '{option}' has a value that Npgsql does not take"
                : $"{where} is not one that Npgsql knows, or has a value that it does not take");
        }
    }

    private static void SetHosts(NpgsqlConnectionStringBuilder builder, string text, string?[] ports)
    {
        var parts = text.Split(',');
        if (ports.Length != 1 && ports.Length != parts.Length)
        {
            throw new FormatException("it has another number of ports than of hosts");
        }

        var hosts = new List<(string Host, string? Port)>();
        foreach (var (i, part) in parts.Index())
        {
            var (escaped, own) = SplitPort(part);
            var (host, port) = (Unescape(escaped), own ?? ports[ports.Length == 1 ? 0 : i]);
            if (host.Length == 0)
            {
                throw new FormatException(
                    "it names no host. Write postgres://user:password@host:port/database, or ?host=/var/run/postgresql for a socket of this machine");
            }

            if (!IsHost(host) || !IsPort(port))
            {
                throw new FormatException(NoUrl);
            }

            hosts.Add((host, port is { Length: > 0 } ? port : null));
        }

        if (hosts is [var (only, its)])
        {
            builder.Host = only.Trim('[', ']');
            builder.Port = its is null ? NpgsqlConnection.DefaultPort : int.Parse(its, CultureInfo.InvariantCulture);
            return;
        }

        builder.Host = string.Join(',', hosts.Select(host => host.Port is null ? host.Host : $"{host.Host}:{host.Port}"));
    }

    private static string? DatabaseOf(string path)
    {
        var name = path.TrimStart('/');
        return name.Contains('/', StringComparison.Ordinal) ? throw new FormatException(NoUrl)
            : name.Length > 0 ? Unescape(name)
            : null;
    }

    internal static (string Host, string? Port) SplitPort(string part)
    {
        var colon = part.LastIndexOf(':');
        return colon < 0 || colon < part.IndexOf(']', StringComparison.Ordinal) ? (part, null) : (part[..colon], part[(colon + 1)..]);
    }

    // A name, an address, or the path of a socket's folder.
    private static bool IsHost(string host) =>
        host.StartsWith('[') ? host.EndsWith(']') && IPAddress.TryParse(host, out _)
        : host.StartsWith('/') ? host.All(c => IsOfName(c) || c == '/')
        : host.Length is > 0 and <= 255 && host.All(IsOfName);

    private static bool IsOfName(char c) => char.IsLetterOrDigit(c) || c is '-' or '_' or '.';

    private static bool IsPort(string? port) =>
        string.IsNullOrEmpty(port)
        || (int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= 65_535);

    private static string Unescape(string text)
    {
        for (var i = text.IndexOf('%', StringComparison.Ordinal); i >= 0; i = text.IndexOf('%', i + 1))
        {
            if (i + 2 >= text.Length || !char.IsAsciiHexDigit(text[i + 1]) || !char.IsAsciiHexDigit(text[i + 2]))
            {
                throw new FormatException(NoUrl);
            }
        }

        return Uri.UnescapeDataString(text);
    }
}
