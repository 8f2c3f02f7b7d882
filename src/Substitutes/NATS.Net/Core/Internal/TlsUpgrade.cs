using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace NATS.Client.Core.Internal;

/// <summary>Puts TLS over a connection. The server's certificate must lead to a trusted root and name the url's host.</summary>
internal static class TlsUpgrade
{
    /// <exception cref="NatsException">The handshake failed, or a configured file cannot be used.</exception>
    internal static async Task<Stream> AuthenticateAsync(Stream stream, NatsTlsOpts tls, Uri uri, CancellationToken cancellationToken)
    {
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = uri.Host.Trim('[', ']'),
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        };
        try
        {
            Configure(options, tls);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new NatsException("A certificate file of the TLS options cannot be used.", e);
        }

        if (tls.ConfigureClientAuthentication is { } configure)
        {
            await configure(options);
        }

        var ssl = new SslStream(stream, leaveInnerStreamOpen: false);
        try
        {
            await ssl.AuthenticateAsClientAsync(options, cancellationToken);
            return ssl;
        }
        catch (Exception e) when (e is AuthenticationException or IOException)
        {
            await ssl.DisposeAsync();
            throw new NatsException($"The TLS handshake with {uri.Host} failed: {e.Message}", e);
        }
    }

    private static void Configure(SslClientAuthenticationOptions options, NatsTlsOpts tls)
    {
        if (tls.CaFile is { } caFile)
        {
            var roots = new X509Certificate2Collection();
            roots.ImportFromPemFile(caFile);
            if (roots.Count == 0)
            {
                throw new CryptographicException("The CA file holds no certificate.");
            }

            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.AddRange(roots);
            options.CertificateChainPolicy = policy;
        }

        if (tls.CertFile is not null || tls.KeyFile is not null)
        {
            if (tls.CertFile is null || tls.KeyFile is null)
            {
                throw new CryptographicException("A client certificate needs both its file and that of its key.");
            }

            options.ClientCertificates = [X509Certificate2.CreateFromPemFile(tls.CertFile, tls.KeyFile)];
        }
    }
}
