using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Relaybox.Connections;

/// <summary>Verifies servers by the authorities of a file instead of the machine's, for drivers that take a callback.</summary>
internal static class TrustedAuthorities
{
    /// <summary>A callback that takes a certificate only if it descends from one of the file's, has the server's name, and is valid now.</summary>
    /// <param name="file">A file of PEM certificates.</param>
    /// <exception cref="FormatException">The file cannot be read.</exception>
    internal static RemoteCertificateValidationCallback Of(string file)
    {
        var roots = new X509Certificate2Collection();
        try
        {
            roots.ImportFromPemFile(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new FormatException("the file of DATABASE_CA_FILE cannot be read as PEM certificates");
        }

        return (_, certificate, chain, errors) =>
        {
            if (certificate is null || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != 0)
            {
                return false;
            }

            using var own = new X509Chain();
            own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            own.ChainPolicy.CustomTrustStore.AddRange(roots);
            foreach (var element in chain?.ChainElements.Skip(1) ?? [])
            {
                own.ChainPolicy.ExtraStore.Add(element.Certificate);
            }

            using var server = X509CertificateLoader.LoadCertificate(certificate.Export(X509ContentType.Cert));
            return own.Build(server);
        };
    }
}
