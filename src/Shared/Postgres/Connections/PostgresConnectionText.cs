using Npgsql;
using Relaybox.Connections;
using Relaybox.Secrets;
using Relaybox.Sql;

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

    internal static NpgsqlConnectionStringBuilder FromSecret(string secret, PostgresConnectionOptions options) => SqlSecret.Use(
        secret,
        options,
        NpgsqlConnection.DefaultPort,
        fields =>
        {
            var builder = new NpgsqlConnectionStringBuilder
            {
                Host = fields.Host,
                Port = fields.Port,
                Database = fields.Database,
                Username = fields.User,
                Password = fields.Password,
            };
            foreach (var option in PostgresUrl.SecretOptions)
            {
                if (fields.Fields.Text(option) is { } value)
                {
                    PostgresUrl.Set(builder, option, value, option);
                }
            }

            return Finish(builder, options);
        });

    /// <summary>What may be said of a connection.</summary>
    internal static SqlTarget TargetOf(string connectionString, PostgresConnectionOptions options)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString);
        var host = builder.Host ?? "";
        return SqlTarget.Of(
            host.Contains(',', StringComparison.Ordinal) ? host : DatabaseHosts.Show(host, builder.Port),
            builder.Database,
            builder.Username,
            options);
    }

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
                : DatabaseHosts.Are(builder.Host) ? builder
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
        if (!hosts.All(DatabaseHosts.IsLoopback))
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
