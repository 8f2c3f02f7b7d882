namespace Relaybox.Postgres;

/// <summary>How the database is reached: by a URL, or by a secret with host, port, dbname, username and password.</summary>
internal sealed record PostgresConnectionOptions
{
    /// <summary>
    /// For development: <c>postgres://user:password@host:port/database</c> with libpq's options, or Npgsql's own form. Null: a secret
    /// is used.
    /// </summary>
    public string? Url { get; init; }

    /// <summary>
    /// The ARN of a Secrets Manager secret in the form of Amazon RDS: a JSON object with <c>host</c>, <c>port</c>,
    /// <c>dbname</c>, <c>username</c> and <c>password</c>, and with <see cref="PostgresUrl.SecretOptions"/> where it has any. Null:
    /// <see cref="Url"/> is used.
    /// </summary>
    public string? SecretArn { get; init; }

    /// <summary>The host, or several, where they are not the secret's: a proxy or a pooler. Null: the secret's.</summary>
    public string? Host { get; init; }

    /// <summary>The port, where it is not the secret's. Null: the secret's, or 5432.</summary>
    public int? Port { get; init; }

    /// <summary>The database, where it is not the secret's. Null: the secret's.</summary>
    public string? Database { get; init; }

    /// <summary>A file with the certificates of the authorities to trust, such as Amazon RDS's bundle. Null: the system's.</summary>
    public string? CertificateAuthorityFile { get; init; }

    /// <summary>Whether connections go through a pooler that changes the server connection with each transaction.</summary>
    public bool Pooler { get; init; }

    /// <summary>
    /// Whether a connection that only Relaybox's own statements run on goes back to the pool with its session as it is: they leave
    /// nothing behind, and the server keeps what it has planned for them. Handlers then have connections of another pool, whose
    /// sessions are reset. Default: no, there is one pool, and each session is reset.
    /// </summary>
    public bool KeepsSessions { get; init; }

    /// <summary>The most connections of one pool. Default: 20.</summary>
    public int MaxPoolSize { get; init; } = 20;

    /// <summary>How the server's list of connections names this process.</summary>
    public string ApplicationName { get; init; } = "relaybox";

    /// <summary>What the names of the roles begin with, to say what is to be granted where a right is missing. Default: relaybox.</summary>
    public string RolePrefix { get; init; } = "relaybox";

    /// <summary>Never what is secret.</summary>
    public override string ToString() => $"{nameof(PostgresConnectionOptions)} {{ {nameof(ApplicationName)} = {ApplicationName} }}";
}
