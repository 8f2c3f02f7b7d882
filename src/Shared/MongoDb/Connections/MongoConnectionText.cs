using System.Text.Json;
using System.Text.Json.Nodes;
using MongoDB.Driver;
using Relaybox.Connections;
using Relaybox.Secrets;
using Relaybox.Settings;

namespace Relaybox.MongoDb;

/// <summary>What the driver is told: its settings, made of what is configured, and the database's name.</summary>
/// <param name="Settings">The driver's settings.</param>
/// <param name="Database">The database.</param>
internal sealed record MongoConnectionText(MongoClientSettings Settings, string Database)
{
    private const int DefaultPort = 27_017;

    // A dead server must be given up while there is time to try again.
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan SocketTimeout = TimeSpan.FromSeconds(20);

    /// <summary>Checks a URI, and nothing else of the options.</summary>
    /// <returns>What is wrong, without the text itself; null if nothing is.</returns>
    internal static string? Check(MongoConnectionOptions options)
    {
        try
        {
            FromUri(options with { CertificateAuthorityFile = null });
            return null;
        }
        catch (FormatException e)
        {
            return e.Message;
        }
    }

    /// <exception cref="FormatException">The URI cannot be used. The text quotes nothing of it.</exception>
    internal static MongoConnectionText FromUri(MongoConnectionOptions options) => FromUri(options.Uri!, options);

    /// <exception cref="SecretException">The secret cannot be used. The text quotes nothing of it.</exception>
    internal static MongoConnectionText FromSecret(string secret, MongoConnectionOptions options)
    {
        try
        {
            var fields = IsUri(secret) ? null
                : SecretJson.Parse(secret) ?? throw new FormatException("it is neither a connection string nor a JSON object");
            if ((fields is null ? secret : fields.Text("uri")) is not { } uri)
            {
                return FromFields(fields!, options);
            }

            return options is { Host: null, Port: null }
                ? FromUri(uri, options)
                : throw new FormatException(
                    "it is a connection string, which names its hosts itself, and DATABASE_HOST or DATABASE_PORT is set as well. Leave these out");
        }
        catch (FormatException e)
        {
            throw new SecretException(
                $"The database's secret {options.SecretArn} cannot be used: {e.Message}. It must be a connection string (mongodb://…), or a JSON "
                + "object with host, port, dbname, username and password.",
                e);
        }
    }

    /// <summary>Whether a text is a host, or several with commas between them, each with its port or without.</summary>
    internal static bool AreHosts(string text) => Array.TrueForAll(Split(text), host => AddressOf(host) is not null);

    private static bool IsUri(string text) =>
        text.StartsWith("mongodb://", StringComparison.Ordinal) || text.StartsWith("mongodb+srv://", StringComparison.Ordinal);

    private static MongoConnectionText FromUri(string uri, MongoConnectionOptions options)
    {
        MongoUrl url;
        MongoClientSettings settings;
        try
        {
            if (!IsUri(uri))
            {
                throw new FormatException("it does not begin with mongodb:// or mongodb+srv://");
            }

            url = new MongoUrl(uri);
            settings = MongoClientSettings.FromUrl(url);
        }
        catch (Exception e) when (e is MongoConfigurationException or ArgumentException or NotSupportedException or InvalidOperationException)
        {
            // The driver's text quotes the string, which holds a password.
            throw new FormatException(
                "the driver cannot read it; a user needs a password, and what is special in either is escaped (%40 for @, %2F for /, %3A for :)");
        }

        // The driver takes any text for a host, a password that follows a missing '@' too.
        if (!settings.Servers.All(server => IsHost(server)))
        {
            throw new FormatException("its host is not one");
        }

        if (url.AllowInsecureTls)
        {
            throw new FormatException("it asks for a connection whose server is not verified. Leave tlsInsecure and the like out");
        }

        return Finish(
            settings,
            options.Database ?? url.DatabaseName ?? throw new FormatException("it names no database (…/DATABASE), and DATABASE_NAME is not set"),
            options);
    }

    // The form of a secret that RDS and DocumentDB make; of a user's secret only user and password are certain.
    private static MongoConnectionText FromFields(JsonObject fields, MongoConnectionOptions options)
    {
        var hosts = options.Host ?? fields.Text("host") ?? throw new FormatException("it has no 'host', and DATABASE_HOST is not set");
        var port = options.Port ?? (fields.Text("port") is { } text
            ? int.TryParse(text, out var number) && number is > 0 and <= 65_535 ? number : throw new FormatException("its 'port' is not one")
            : DefaultPort);
        var settings = new MongoClientSettings
        {
            Servers = Split(hosts).Select(host => Address(host, port)).ToArray(),
            Credential = MongoCredential.CreateCredential(
                fields.Text("authSource") ?? "admin",
                fields.Text("username") is { Length: > 0 } user ? user : throw new FormatException("it has no 'username'"),
                fields.Text("password") ?? throw new FormatException("it has no 'password'")),
            ReplicaSetName = fields.Text("replicaSet"),

            // Outside loopback it is on in any case.
            UseTls = IsTrue(fields, "ssl") || IsTrue(fields, "tls"),
        };
        if (fields.Text("engine") == "mongo" || fields.ContainsKey("dbClusterIdentifier"))
        {
            // DocumentDB is a replica set of this name, and does not repeat writes by itself.
            settings.ReplicaSetName ??= "rs0";
            settings.RetryWrites = false;
        }

        var database = options.Database ?? fields.Text("dbname") ?? fields.Text("database")
            ?? throw new FormatException("it has no 'dbname', and DATABASE_NAME is not set");
        return Finish(settings, database, options);
    }

    /// <summary>Never what is secret: the driver's settings tell users and more.</summary>
    public override string ToString() => $"{nameof(MongoConnectionText)} {{ {nameof(Database)} = {Database} }}";

    private static string[] Split(string hosts) => hosts.Split(',', StringSplitOptions.TrimEntries);

    private static MongoServerAddress Address(string host, int port) => AddressOf(host) is { } address
        ? host.EndsWith($":{address.Port}", StringComparison.Ordinal) ? address : new MongoServerAddress(address.Host, port)
        : throw new FormatException("its host is not one");

    private static MongoServerAddress? AddressOf(string host) =>
        MongoServerAddress.TryParse(host, out var address) && IsHost(address) ? address : null;

    private static bool IsHost(MongoServerAddress address) => Uri.CheckHostName(address.Host.Trim('[', ']')) != UriHostNameType.Unknown;

    private static bool IsTrue(JsonObject fields, string name) =>
        fields[name] is JsonValue value && (value.GetValueKind() == JsonValueKind.True || fields.Text(name) == "true");

    private static MongoConnectionText Finish(MongoClientSettings settings, string database, MongoConnectionOptions options)
    {
        if (!MongoNames.IsValid(database))
        {
            throw new FormatException("its database's name is not letters, digits, '_' and '-', or is one of the server's own");
        }

        settings.ApplicationName = options.ApplicationName;
        settings.ConnectTimeout = ConnectTimeout;
        settings.ServerSelectionTimeout = options.SelectionTimeout;
        settings.SocketTimeout = SocketTimeout;
        settings.MaxConnectionPoolSize = options.MaxPoolSize;
        if (settings.Scheme == MongoDB.Driver.Core.Configuration.ConnectionStringScheme.MongoDBPlusSrv
            || !settings.Servers.All(server => Loopback.Is(server.Host)))
        {
            settings.UseTls = true;
        }

        if (options.CertificateAuthorityFile is { } file)
        {
            settings.SslSettings = new SslSettings { ServerCertificateValidationCallback = TrustedAuthorities.Of(file) };
        }

        return new MongoConnectionText(settings, database);
    }
}
