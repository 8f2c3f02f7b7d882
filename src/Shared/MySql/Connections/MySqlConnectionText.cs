using MySqlConnector;
using Relaybox.Connections;
using Relaybox.Sql;

namespace Relaybox.MySql;

/// <summary>
/// Makes MySqlConnector's connection strings of what is configured, one for each host, and refuses what would send a password in the
/// clear.
/// </summary>
internal static class MySqlConnectionText
{
    private const uint ConnectTimeoutSeconds = 8;
    private const uint CommandTimeoutSeconds = 15;
    private const uint KeepaliveSeconds = 30;

    // Sessions end after 900 s of silence: see MySqlSession. The pool has to end them before that.
    private const uint IdleTimeoutSeconds = 180;

    // What a host's name leads to changes in a failover, and with the replicas behind it.
    private const uint ConnectionLifetimeSeconds = 300;

    /// <summary>Checks a URL, or MySqlConnector's own form.</summary>
    /// <returns>What is wrong, without the text itself; null if nothing is.</returns>
    internal static string? Check(SqlConnectionOptions options)
    {
        try
        {
            if (options.Url is not null)
            {
                FromUrl(options);
            }

            return null;
        }
        catch (FormatException e)
        {
            return e.Message;
        }
    }

    internal static IReadOnlyList<MySqlConnectionStringBuilder> FromUrl(SqlConnectionOptions options)
    {
        var (common, hosts) = MySqlUrl.IsUrl(options.Url!) ? MySqlUrl.Read(options.Url!) : FromText(options.Url!);
        return Finish(common, hosts, MySqlUrl.DefaultPort, options);
    }

    internal static IReadOnlyList<MySqlConnectionStringBuilder> FromSecret(string secret, SqlConnectionOptions options) => SqlSecret.Use(
        secret,
        options,
        (int)MySqlUrl.DefaultPort,
        fields =>
        {
            if (fields.Port is < 1 or > 65_535)
            {
                throw new FormatException("its 'port' is not one");
            }

            var common = new MySqlConnectionStringBuilder { Database = fields.Database, UserID = fields.User, Password = fields.Password };
            return Finish(common, MySqlUrl.Hosts(fields.Host), (uint)fields.Port, options);
        });

    /// <summary>What may be said of connections.</summary>
    internal static SqlTarget TargetOf(IReadOnlyList<MySqlConnectionStringBuilder> hosts, SqlConnectionOptions options) => SqlTarget.Of(
        string.Join(',', hosts.Select(host => DatabaseHosts.Show(host.Server, (int)host.Port))), hosts[0].Database, hosts[0].UserID, options);

    private static (MySqlConnectionStringBuilder Common, IReadOnlyList<(string Host, int? Port)> Hosts) FromText(string text)
    {
        MySqlConnectionStringBuilder builder;
        try
        {
            builder = new MySqlConnectionStringBuilder(text);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or InvalidCastException or FormatException or OverflowException)
        {
            // The driver's text can quote the string, which holds a password.
            throw new FormatException("it is neither a mysql:// URL nor a connection string");
        }

        if (string.IsNullOrEmpty(builder.Server))
        {
            throw new FormatException("it names no host");
        }

        if (!DatabaseHosts.Are(builder.Server))
        {
            throw new FormatException("its host is not one");
        }

        var hosts = builder.Server.Split(',').Any(host => System.Net.IPAddress.TryParse(host, out _) && host.Contains(':', StringComparison.Ordinal))
            ? [.. builder.Server.Split(',').Select(host => (host, (int?)null))]
            : MySqlUrl.Hosts(builder.Server);
        return (builder, [.. hosts.Select(host => (host.Item1, host.Item2 ?? (int)builder.Port))]);
    }

    private static MySqlConnectionStringBuilder[] Finish(
        MySqlConnectionStringBuilder common, IReadOnlyList<(string Host, int? Port)> hosts, uint port, SqlConnectionOptions options)
    {
        var allLoopback = hosts.All(host => DatabaseHosts.IsLoopback(host.Host));
        var asksForLess = common.ContainsKey("SSL Mode") && common.SslMode != MySqlSslMode.VerifyFull;
        if (!allLoopback && asksForLess)
        {
            throw new FormatException(
                "it asks for a connection whose server is not verified. Outside loopback the SSL mode is always VerifyFull "
                + "(ssl-mode=verify_identity); leave it out");
        }

        return [.. hosts.Select(host => Finish(new MySqlConnectionStringBuilder(common.ConnectionString)
        {
            Server = host.Host,
            Port = (uint)(host.Port ?? (int)port),
            ConnectionProtocol = host.Host.StartsWith('/') ? MySqlConnectionProtocol.UnixSocket : MySqlConnectionProtocol.Sockets,
            SslMode = allLoopback ? common.SslMode : MySqlSslMode.VerifyFull,

            // The server that answers gives the key with which the password is encrypted.
            AllowPublicKeyRetrieval = DatabaseHosts.IsLoopback(host.Host),
        }, options))];
    }

    private static MySqlConnectionStringBuilder Finish(MySqlConnectionStringBuilder builder, SqlConnectionOptions options)
    {
        if (options.CertificateAuthorityFile is { } file)
        {
            builder.SslCa = file;
        }

        builder.ConnectionTimeout = builder.ContainsKey("Connection Timeout") ? builder.ConnectionTimeout : ConnectTimeoutSeconds;
        builder.ConnectionLifeTime = builder.ContainsKey("Connection Lifetime") ? builder.ConnectionLifeTime : ConnectionLifetimeSeconds;
        builder.ApplicationName = builder.ContainsKey("Application Name") ? builder.ApplicationName : options.ApplicationName;
        builder.Keepalive = builder.ContainsKey("Keep Alive") ? builder.Keepalive : KeepaliveSeconds;
        builder.DefaultCommandTimeout = CommandTimeoutSeconds;
        builder.ConnectionIdleTimeout = IdleTimeoutSeconds;
        builder.MinimumPoolSize = 0;
        builder.MaximumPoolSize = (uint)options.MaxPoolSize;
        builder.Pooling = true;
        builder.ConnectionReset = true;
        builder.AutoEnlist = false;
        builder.PersistSecurityInfo = false;
        builder.CharacterSet = "utf8mb4";
        builder.GuidFormat = MySqlGuidFormat.None;
        builder.TreatTinyAsBoolean = true;
        builder.AllowLoadLocalInfile = false;
        builder.AllowUserVariables = false;
        builder.AllowZeroDateTime = false;
        builder.ConvertZeroDateTime = false;
        builder.NoBackslashEscapes = false;
        builder.IgnoreCommandTransaction = false;
        builder.ForceSynchronous = false;

        // Rows that a statement matches are counted, also where they hold what it sets already.
        builder.UseAffectedRows = false;
        return builder;
    }
}
