namespace Relaybox.MongoDb;

/// <summary>How the database is reached: by a URI, or by a secret.</summary>
internal sealed record MongoConnectionOptions
{
    /// <summary>A connection string, <c>mongodb://…</c> or <c>mongodb+srv://…</c>. For development machines. Default: none.</summary>
    public string? Uri { get; init; }

    /// <summary>
    /// The ARN of a secret: a connection string, or JSON with <c>username</c> and <c>password</c>, and <c>host</c>, <c>port</c> and
    /// <c>dbname</c> where the other settings do not say them, as DocumentDB's secrets have them. Default: none.
    /// </summary>
    public string? SecretArn { get; init; }

    /// <summary>The host or hosts, with commas between them, instead of the secret's. Default: the secret's.</summary>
    public string? Host { get; init; }

    /// <summary>The port, instead of the secret's. Default: the secret's, or 27017.</summary>
    public int? Port { get; init; }

    /// <summary>The database, instead of the URI's or the secret's.</summary>
    public string? Database { get; init; }

    /// <summary>A file of PEM certificates that the server's must descend from. Default: the machine's authorities.</summary>
    public string? CertificateAuthorityFile { get; init; }

    /// <summary>The most connections of one process to a server. Default: 20.</summary>
    public int MaxPoolSize { get; init; } = 20;

    /// <summary>
    /// How long a call waits for a primary that can be reached. Default: 8 seconds, so that a dead server is given up while there is time to try
    /// again.
    /// </summary>
    public TimeSpan SelectionTimeout { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>How the server's log names this process.</summary>
    public string ApplicationName { get; init; } = "relaybox";

    /// <summary>What the names of the roles begin with, to say what is to be granted where a right is missing. Default: relaybox.</summary>
    public string RolePrefix { get; init; } = "relaybox";

    /// <summary>Never what is secret.</summary>
    public override string ToString() => $"{nameof(MongoConnectionOptions)} {{ {nameof(ApplicationName)} = {ApplicationName} }}";
}
