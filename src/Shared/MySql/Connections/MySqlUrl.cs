using MySqlConnector;
using Relaybox.Connections;
using Relaybox.Sql;

namespace Relaybox.MySql;

/// <summary>
/// Reads URLs as MySQL's own programs do: <c>mysql://user:password@host1:port1,host2:port2/database?ssl-mode=verify_identity</c>. Other
/// options have the names that MySqlConnector gives them.
/// </summary>
internal static class MySqlUrl
{
    internal const uint DefaultPort = 3306;

    private const string NoUrl =
        "it is not a URL of the form mysql://user:password@host:port/database. "
        + "In a user, a password or a name, write / as %2F, ? as %3F, # as %23, @ as %40, : as %3A and % as %25";

    private const string NoHost = "Write mysql://user:password@host:port/database";

    // MySQL's names of what MySqlConnector calls otherwise.
    private static readonly Dictionary<string, string> Names = new(StringComparer.Ordinal)
    {
        ["charset"] = "Character Set",
        ["connect_timeout"] = "Connection Timeout",
        ["connect-timeout"] = "Connection Timeout",
        ["program_name"] = "Application Name",
        ["ssl-ca"] = "SSL CA",
        ["ssl-cert"] = "SSL Cert",
        ["ssl-key"] = "SSL Key",
        ["ssl-mode"] = "SSL Mode",
        ["sslmode"] = "SSL Mode",
        ["tls-version"] = "TLS Version",
    };

    private static readonly Dictionary<string, MySqlSslMode> SslModes = new(StringComparer.OrdinalIgnoreCase)
    {
        ["disabled"] = MySqlSslMode.Disabled,
        ["preferred"] = MySqlSslMode.Preferred,
        ["required"] = MySqlSslMode.Required,
        ["verify_ca"] = MySqlSslMode.VerifyCA,
        ["verify_identity"] = MySqlSslMode.VerifyFull,
    };

    internal static bool IsUrl(string text) =>
        text.StartsWith("mysql://", StringComparison.Ordinal) || text.StartsWith("mariadb://", StringComparison.Ordinal);

    /// <returns>What all hosts have in common, and the hosts.</returns>
    /// <exception cref="FormatException">The URL cannot be read. The text quotes nothing of it.</exception>
    internal static (MySqlConnectionStringBuilder Common, IReadOnlyList<(string Host, int? Port)> Hosts) Read(string text)
    {
        var url = DatabaseUrl.Read(text, NoUrl);
        var builder = new MySqlConnectionStringBuilder();
        if (url.User is { } user)
        {
            builder.UserID = user;
        }

        if (url.Password is { } password)
        {
            builder.Password = password;
        }

        if (url.Database is { } database)
        {
            builder.Database = database;
        }

        foreach (var option in url.Options)
        {
            Set(builder, option);
        }

        return (builder, Hosts(url.Hosts));
    }

    /// <summary>The hosts of a text.</summary>
    /// <exception cref="FormatException">One is not a host.</exception>
    internal static IReadOnlyList<(string Host, int? Port)> Hosts(string text) =>
        [.. DatabaseHosts.Read(text, [null], NoUrl, NoHost).Select(host => (host.Host.Trim('[', ']'), host.Port))];

    private static void Set(MySqlConnectionStringBuilder builder, DatabaseUrl.Option option)
    {
        var known = Names.TryGetValue(option.Name, out var name);
        try
        {
            builder[name ?? option.Name] = name == "SSL Mode" && SslModes.TryGetValue(option.Value.Replace('-', '_'), out var mode)
                ? mode
                : option.Value;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or InvalidCastException or FormatException or OverflowException)
        {
            // The driver's text can quote both.
            throw new FormatException(known ? $"its option '{option.Name}' has a value that MySqlConnector does not take"
                : $"{option.Where} is not one that MySqlConnector knows, or has a value that it does not take");
        }
    }
}
