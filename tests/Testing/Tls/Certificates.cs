using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Relaybox.Testing.Tls;

/// <summary>A certificate authority of a test's own, and server certificates by it, as PEM files in a folder that goes with it.</summary>
public sealed class Certificates : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("relaybox-tls-").FullName;
    private readonly X509Certificate2 _authority;

    public Certificates()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=test authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        _authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddYears(-2), DateTimeOffset.UtcNow.AddYears(1));
        AuthorityFile = Path.Combine(_folder, "ca.pem");
        File.WriteAllText(AuthorityFile, _authority.ExportCertificatePem());
    }

    /// <summary>The authority's certificate.</summary>
    public string AuthorityFile { get; }

    /// <summary>A certificate of a server with these names.</summary>
    public ServerCertificate Issue(bool expired = false, params string[] names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=server", key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            if (IPAddress.TryParse(name, out var address))
            {
                alternatives.AddIpAddress(address);
            }
            else
            {
                alternatives.AddDnsName(name);
            }
        }

        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        var ends = DateTimeOffset.UtcNow.AddDays(expired ? -1 : 10);
        using var certificate = request.Create(_authority, ends.AddDays(-30), ends, RandomNumberGenerator.GetBytes(8));
        var id = Guid.NewGuid().ToString("N");
        var (certificateFile, keyFile) = (Path.Combine(_folder, $"{id}.pem"), Path.Combine(_folder, $"{id}.key"));
        File.WriteAllText(certificateFile, certificate.ExportCertificatePem());
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
        return new ServerCertificate(certificateFile, keyFile);
    }

    /// <summary>The configuration of a NATS server with a certificate for these names.</summary>
    public string NatsConfiguration(bool expired = false, params string[] names)
    {
        var certificate = Issue(expired, names);
        return $$"""tls { cert_file: "{{certificate.CertificateFile}}", key_file: "{{certificate.KeyFile}}" }""";
    }

    /// <summary>Deletes the files.</summary>
    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
