namespace Relaybox.Testing.Tls;

/// <summary>A server's certificate and its key, as PEM files.</summary>
public sealed record ServerCertificate(string CertificateFile, string KeyFile);
