namespace NATS.Client.Core;

public enum TlsMode
{
    /// <summary>Required for a tls:// url and where certificates are configured; otherwise as <see cref="Prefer"/>.</summary>
    Auto,

    /// <summary>Used where the server offers it.</summary>
    Prefer,

    /// <summary>A server that does not offer it is refused.</summary>
    Require,

    /// <summary>The handshake comes before the server's first word.</summary>
    Implicit,

    /// <summary>Never used; a server that demands it is refused.</summary>
    Disable,
}
