using Npgsql;
using Relaybox.Connections;
using Relaybox.Sql;

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

    private const string NoHost =
        "Write postgres://user:password@host:port/database, or ?host=/var/run/postgresql for a socket of this machine";

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

    /// <exception cref="FormatException">The URL cannot be read. The text quotes nothing of it.</exception>
    internal static NpgsqlConnectionStringBuilder Read(string text)
    {
        var url = DatabaseUrl.Read(text, NoUrl);
        var builder = new NpgsqlConnectionStringBuilder { Username = url.User, Password = url.Password, Database = url.Database };
        var hosts = url.Hosts;
        var ports = new string?[1];
        foreach (var option in url.Options)
        {
            switch (option.Name)
            {
                case "host":
                    hosts = option.Value;
                    break;
                case "port":
                    ports = option.Value.Split(',');
                    break;
                default:
                    Set(builder, option.Name, option.Value, option.Where);
                    break;
            }
        }

        SetHosts(builder, DatabaseHosts.Read(hosts, ports, NoUrl, NoHost));
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

    private static void SetHosts(NpgsqlConnectionStringBuilder builder, IReadOnlyList<(string Host, int? Port)> hosts)
    {
        if (hosts is [var (only, port)])
        {
            builder.Host = only.Trim('[', ']');
            builder.Port = port ?? NpgsqlConnection.DefaultPort;
            return;
        }

        builder.Host = string.Join(',', hosts.Select(host => host.Port is { } port ? DatabaseHosts.Show(host.Host, port) : host.Host));
    }
}
