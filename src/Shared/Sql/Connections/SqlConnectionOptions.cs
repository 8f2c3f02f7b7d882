namespace Relaybox.Sql;

/// <summary>How a database is reached: by a URL, or by a secret with host, port, dbname, username and password.</summary>
internal record SqlConnectionOptions
{
    /// <summary>For development: a URL with user, password, host, port and database, or the driver's own form. Null: a secret is used.</summary>
    public string? Url { get; init; }

    /// <summary>
    /// The ARN of a Secrets Manager secret in the form of Amazon RDS; see <see cref="SqlSecret"/>. Null: <see cref="Url"/> is used.
    /// </summary>
    public string? SecretArn { get; init; }

    /// <summary>The host, or several, where they are not the secret's: a proxy or a pooler. Null: the secret's.</summary>
    public string? Host { get; init; }

    /// <summary>The port, where it is not the secret's. Null: the secret's, or the database's usual one.</summary>
    public int? Port { get; init; }

    /// <summary>The database, where it is not the secret's. Null: the secret's.</summary>
    public string? Database { get; init; }

    /// <summary>A file with the certificates of the authorities to trust, such as Amazon RDS's bundle. Null: the system's.</summary>
    public string? CertificateAuthorityFile { get; init; }

    /// <summary>The most connections of one pool. Default: 20.</summary>
    public int MaxPoolSize { get; init; } = 20;

    /// <summary>How the server's list of connections names this process.</summary>
    public string ApplicationName { get; init; } = "relaybox";

    /// <summary>What the names of the roles begin with, to say what is to be granted where a right is missing. Default: relaybox.</summary>
    public string RolePrefix { get; init; } = "relaybox";

    /// <summary>Never what is secret.</summary>
    public sealed override string ToString() => $"{GetType().Name} {{ {nameof(ApplicationName)} = {ApplicationName} }}";
}
