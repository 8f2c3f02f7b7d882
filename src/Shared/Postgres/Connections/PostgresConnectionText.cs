using System.Text.Json;
using System.Text.Json.Nodes;
using Npgsql;
using Relaybox.Secrets;
using Relaybox.Settings;

namespace Relaybox.Postgres;

/// <summary>Makes Npgsql's connection string of what is configured, and refuses what would send a password in the clear.</summary>
internal static class PostgresConnectionText
{
    private const int ConnectTimeoutSeconds = 8;
    private const int CommandTimeoutSeconds = 15;

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
        JsonObject? fields = null;
        try
        {
            fields = JsonNode.Parse(secret) as JsonObject;
        }
        catch (JsonException)
        {
            // Told below, without the text.
        }

        if (fields is null)
        {
            throw Wrong("is not a JSON object");
        }

        var builder = new NpgsqlConnectionStringBuilder
        {
            Host = options.Host ?? Text("host") ?? throw Wrong("has no 'host', and DATABASE_HOST is not set"),
            Port = options.Port ?? (Text("port") is { } port
                ? int.TryParse(port, out var number) ? number : throw Wrong("has a 'port' that is not a number")
                : NpgsqlConnection.DefaultPort),
            Database = options.Database ?? Text("dbname") ?? Text("database") ?? throw Wrong("has no 'dbname', and DATABASE_NAME is not set"),
            Username = Text("username") ?? throw Wrong("has no 'username'"),
            Password = Text("password") ?? throw Wrong("has no 'password'"),
        };
        try
        {
            return Finish(builder, options);
        }
        catch (FormatException e)
        {
            throw new SecretException(e.Message, e);
        }

        string? Text(string name) => fields[name] switch
        {
            JsonValue value when value.TryGetValue<string>(out var text) => text,
            JsonValue value when value.GetValueKind() == JsonValueKind.Number => value.ToJsonString(),
            _ => null,
        };

        SecretException Wrong(string what) => new(
            $"The database's secret {options.SecretArn} {what}. It must be a JSON object with host, port, dbname, username and password.");
    }

    // Without a host, or with a path, the server is reached by a socket of this machine.
    private static bool IsLoopback(string host) => host.Length == 0 || host.StartsWith('/') || Loopback.Is(host);

    private static NpgsqlConnectionStringBuilder FromUrl(string url)
    {
        if (!url.StartsWith("postgres://", StringComparison.Ordinal) && !url.StartsWith("postgresql://", StringComparison.Ordinal))
        {
            try
            {
                var builder = new NpgsqlConnectionStringBuilder(url);
                return string.IsNullOrEmpty(builder.Host)
                    ? throw new FormatException("it names no host")
                    : builder;
            }
            catch (Exception e) when (e is ArgumentException or KeyNotFoundException or InvalidCastException)
            {
                // Npgsql's text can quote the string, which holds a password.
                throw new FormatException("it is neither a postgres:// URL nor a connection string");
            }
        }

        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Host.Length == 0)
        {
            throw new FormatException("it is not a URL of the form postgres://user:password@host:port/database");
        }

        var user = uri.UserInfo.Split(':', 2);
        var fromUrl = new NpgsqlConnectionStringBuilder
        {
            Host = uri.Host.Trim('[', ']'),
            Port = uri.Port > 0 ? uri.Port : NpgsqlConnection.DefaultPort,
            Username = Uri.UnescapeDataString(user[0]),
            Password = user.Length > 1 ? Uri.UnescapeDataString(user[1]) : null,
            Database = Uri.UnescapeDataString(uri.AbsolutePath.TrimStart('/')),
        };
        foreach (var pair in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, value) = pair.Split('=', 2) is [var n, var v] ? (Uri.UnescapeDataString(n), Uri.UnescapeDataString(v)) : (pair, "");
            try
            {
                // libpq writes it as verify-full.
                fromUrl[name == "sslmode" ? "SSL Mode" : name] = name == "sslmode" ? value.Replace("-", "", StringComparison.Ordinal) : value;
            }
            catch (Exception e) when (e is ArgumentException or KeyNotFoundException or InvalidCastException or FormatException)
            {
                throw new FormatException($"its option '{name}' is not one that Npgsql knows, or has a value that it does not take");
            }
        }

        return fromUrl;
    }

    private static NpgsqlConnectionStringBuilder Finish(NpgsqlConnectionStringBuilder builder, PostgresConnectionOptions options)
    {
        var hosts = (builder.Host ?? "").Split(',');
        if (!hosts.All(host => IsLoopback(HostOf(host))))
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

        builder.CommandTimeout = CommandTimeoutSeconds;
        builder.MaxPoolSize = options.MaxPoolSize;
        builder.ApplicationName = options.ApplicationName;
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

    private static string HostOf(string hostAndPort)
    {
        var colon = hostAndPort.LastIndexOf(':');
        return colon > 0 && hostAndPort.IndexOf(':', StringComparison.Ordinal) == colon ? hostAndPort[..colon] : hostAndPort;
    }
}
