namespace Relaybox.Redis;

/// <summary>How the server is reached: by a URL, or by a secret.</summary>
internal sealed record RedisConnectionOptions
{
    /// <summary>A URL, <c>redis://…</c> or <c>rediss://…</c>. For development machines. Default: none.</summary>
    public string? Url { get; init; }

    /// <summary>
    /// The ARN of a secret: a URL, or JSON with <c>password</c> and, where there are any, <c>username</c>, <c>host</c>, <c>port</c>,
    /// <c>database</c>, <c>sentinel</c> and <c>tls</c>. Default: none.
    /// </summary>
    public string? SecretArn { get; init; }

    /// <summary>The host or hosts, with commas between them, instead of the secret's. Default: the secret's.</summary>
    public string? Host { get; init; }

    /// <summary>The port, instead of the secret's. Default: the secret's, or 6379.</summary>
    public int? Port { get; init; }

    /// <summary>The number of the database, instead of the URL's or the secret's. A cluster has only 0. Default: theirs, or 0.</summary>
    public int? Database { get; init; }

    /// <summary>A file of PEM certificates that the server's must descend from. Default: the machine's authorities.</summary>
    public string? CertificateAuthorityFile { get; init; }

    /// <summary>How the server's list of connections names this process; it has no blanks.</summary>
    public string ApplicationName { get; init; } = "relaybox";

    /// <summary>How many replicas have to confirm what a consumer writes. Default: 0, none.</summary>
    public int ConfirmingReplicas { get; init; }

    /// <summary>Whether they, and the primary, have to have it on disk. Default: they need not.</summary>
    public bool ConfirmsOnDisk { get; init; }

    /// <summary>How long a write waits for that. Default: 1 second.</summary>
    public TimeSpan ConfirmsWithin { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Whether writes of a consumer wait at all.</summary>
    internal bool Confirms => ConfirmingReplicas > 0 || ConfirmsOnDisk;

    /// <summary>Never what is secret.</summary>
    public override string ToString() => $"{nameof(RedisConnectionOptions)} {{ {nameof(ApplicationName)} = {ApplicationName} }}";
}
