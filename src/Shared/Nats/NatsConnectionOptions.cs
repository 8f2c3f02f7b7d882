namespace Relaybox.Nats;

/// <summary>
/// Where the NATS servers are, and who we are there: at most one of user and password, token, credentials, NKey seed.
/// Outside loopback TLS is demanded: a server that does not offer it is refused.
/// </summary>
internal sealed record NatsConnectionOptions
{
    /// <summary>
    /// One url or more, with commas between them: <c>nats://host:port</c> or <c>tls://host:port</c>. A url can carry user and
    /// password.
    /// </summary>
    public required string Url { get; init; }

    /// <summary>The user's name; null: none.</summary>
    public string? Username { get; init; }

    /// <summary>The user's password.</summary>
    public string? Password { get; init; }

    /// <summary>A token; null: none.</summary>
    public string? Token { get; init; }

    /// <summary>The text of a credentials file: a user's JWT and the seed of its NKey; null: none.</summary>
    public string? Credentials { get; init; }

    /// <summary>The path of a credentials file; null: none.</summary>
    public string? CredentialsFile { get; init; }

    /// <summary>The seed of a user's NKey (<c>SU…</c>); null: none.</summary>
    public string? NKeySeed { get; init; }

    /// <summary>The path of a PEM file with the roots that the servers' certificates lead to; null: those of the machine.</summary>
    public string? CaFile { get; init; }

    /// <summary>The name that the server shows for the connection. Default: relaybox.</summary>
    public string Name { get; init; } = "relaybox";

    /// <summary>How long one server may take until it can be used. Default: 5 seconds.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the answer to a message or a request may take. Default: 5 seconds.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// After this long without use the connection is tried before it is used: a process that was frozen in the meantime may
    /// hold a dead one. Default: 5 seconds.
    /// </summary>
    public TimeSpan ProbeAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long that may take before another connection is made. Default: 1 second.</summary>
    public TimeSpan ProbeTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Never what is secret.</summary>
    public override string ToString() => $"{nameof(NatsConnectionOptions)} {{ {nameof(Name)} = {Name} }}";
}
