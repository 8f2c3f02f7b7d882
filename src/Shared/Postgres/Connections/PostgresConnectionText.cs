using Npgsql;
using Relaybox.Secrets;
using Relaybox.Settings;

namespace Relaybox.Postgres;

/// <summary>Makes Npgsql's connection string of what is configured, and refuses what would send a password in the clear.</summary>
internal static class PostgresConnectionText
{
    private const int ConnectTimeoutSeconds = 8;
    private const int CommandTimeoutSeconds = 15;

    // What a host's name leads to changes in a failover, and with the replicas behind it.
    private const int ConnectionLifetimeSeconds = 300;

    /// <summary>Checks a URL, or Npgsql's own form.</summary>
    /// <returns>What is wrong, without the text itself; null if nothing is.</returns>
    internal static string? Check(PostgresConnectionOptions options)
    {
        try
        {
            if (options.Url is { } url)
            {
                Finish(FromUrl(url), options);
            }

            return null;
        }
        catch (FormatException e)
        {
            return e.Message;
        }
    }

    internal static NpgsqlConnectionStringBuilder FromUrl(PostgresConnectionOptions options) => Finish(FromUrl(options.Url!), options);

    internal static NpgsqlConnectionStringBuilder FromSecret(string secret, PostgresConnectionOptions options)
    {
        try
        {
            var fields = SecretJson.Parse(secret) ?? throw Wrong("is not a JSON object");
            var builder = new NpgsqlConnectionStringBuilder
            {
                Host = options.Host ?? fields.Text("host") ?? throw Wrong("has no 'host', and DATABASE_HOST is not set"),
                Port = options.Port ?? (fields.Text("port") is { } port
                    ? int.TryParse(port, out var number) ? number : throw Wrong("has a 'port' that is not a number")
                    : NpgsqlConnection.DefaultPort),
                Database = options.Database ?? fields.Text("dbname") ?? fields.Text("database")
                    ?? throw Wrong("has no 'dbname', and DATABASE_NAME is not set"),
                Username = fields.Text("username") ?? throw Wrong("has no 'username'"),
                Password = fields.Text("password") ?? throw Wrong("has no 'password'"),
            };
            foreach (var option in PostgresUrl.SecretOptions)
            {
                if (fields.Text(option) is { } value)
                {
                    PostgresUrl.Set(builder, option, value, option);
                }
            }

            return PostgresUrl.AreHosts(builder.Host) ? Finish(builder, options) : throw Wrong("has a 'host' that is not one");
        }
        catch (FormatException e)
        {
            throw new SecretException($"The database's secret {options.SecretArn} cannot be used: {e.Message}.", e);
        }

        SecretException Wrong(string what) => new(
            $"The database's secret {options.SecretArn} {what}. It must be a JSON object with host, port, dbname, username and password.");
    }

    // Without a host, or with a path, the server is reached by a socket of this machine.
    private static bool IsLoopback(string host) =>
        host.Length == 0 || host.StartsWith('/') || Loopback.Is(host) || Loopback.Is(PostgresUrl.SplitPort(host).Host);

    private static NpgsqlConnectionStringBuilder FromUrl(string text)
    {
        if (PostgresUrl.IsUrl(text))
        {
            return PostgresUrl.Read(text);
        }

        try
        {
            var builder = new NpgsqlConnectionStringBuilder(text);
            return string.IsNullOrEmpty(builder.Host) ? throw new FormatException("it names no host")
                : PostgresUrl.AreHosts(builder.Host) ? builder
                : throw new FormatException("its host is not one");
        }
        catch (Exception e) when (e is ArgumentException or KeyNotFoundException or InvalidCastException or OverflowException)
        {
            // Npgsql's text can quote the string, which holds a password.
            throw new FormatException("it is neither a postgres:// URL nor a connection string");
        }
    }

    private static NpgsqlConnectionStringBuilder Finish(NpgsqlConnectionStringBuilder builder, PostgresConnectionOptions options)
    {
        var hosts = (builder.Host ?? "").Split(',');
        SetTarget(builder, hosts.Length);
        if (!hosts.All(host => IsLoopback(host)))
        {
            if (builder.ShouldSerialize("SSL Mode") && builder.SslMode != SslMode.VerifyFull)
            {
                throw new FormatException(
                    "it asks for a connection whose server is not verified. Outside loopback the SSL mode is always VerifyFull; leave it out");
            }

            builder.SslMode = SslMode.VerifyFull;
        }

        if (options.CertificateAuthorityFile is { } file)
        {
            builder.RootCertificate = file;
        }

        if (!builder.ShouldSerialize("Timeout"))
        {
            builder.Timeout = ConnectTimeoutSeconds;
        }

        if (!builder.ShouldSerialize("Connection Lifetime"))
        {
            builder.ConnectionLifetime = ConnectionLifetimeSeconds;
        }

        if (!builder.ShouldSerialize("Application Name"))
        {
            builder.ApplicationName = options.ApplicationName;
        }

        builder.CommandTimeout = CommandTimeoutSeconds;
        builder.MaxPoolSize = options.MaxPoolSize;
        builder.Enlist = false;
        builder.IncludeErrorDetail = false;
        if (options.Pooler)
        {
            // The next transaction is on another connection to the server, where nothing is prepared and nothing is to reset.
            builder.MaxAutoPrepare = 0;
        }

        builder.NoResetOnClose |= options.Pooler;

        return builder;
    }

    // Everything that is done here writes. Npgsql takes the option for several hosts alone; of one host, the first answer tells.
    private static void SetTarget(NpgsqlConnectionStringBuilder builder, int hosts)
    {
        if (builder.TargetSessionAttributes is "standby" or "read-only")
        {
            throw new FormatException("it asks for a server that takes no writes. Leave target_session_attrs out, or set it to read-write");
        }

        builder.TargetSessionAttributes = hosts > 1 ? builder.TargetSessionAttributes ?? "read-write" : null;
    }
}
