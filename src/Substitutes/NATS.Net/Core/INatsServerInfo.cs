namespace NATS.Client.Core;

public interface INatsServerInfo
{
    string Id { get; }

    string Name { get; }

    string Version { get; }

    bool HeadersSupported { get; }

    bool AuthRequired { get; }

    bool TlsRequired { get; }

    bool TlsAvailable { get; }

    int MaxPayload { get; }

    bool JetStreamAvailable { get; }

    string? Nonce { get; }

    bool LameDuckMode { get; }
}
