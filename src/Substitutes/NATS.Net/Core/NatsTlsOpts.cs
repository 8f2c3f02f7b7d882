using System.Net.Security;

namespace NATS.Client.Core;

public sealed record NatsTlsOpts
{
    public static readonly NatsTlsOpts Default = new();

    public string? CertFile { get; init; }

    public string? KeyFile { get; init; }

    public Func<SslClientAuthenticationOptions, ValueTask>? ConfigureClientAuthentication { get; init; }

    public string? CaFile { get; init; }

    public TlsMode Mode { get; init; }

    internal TlsMode EffectiveMode(Uri uri)
    {
        if (Mode != TlsMode.Auto)
        {
            return Mode;
        }

        var configured = CertFile is not null || KeyFile is not null || CaFile is not null || ConfigureClientAuthentication is not null;
        return configured || uri.Scheme == "tls" ? TlsMode.Require : TlsMode.Prefer;
    }
}
