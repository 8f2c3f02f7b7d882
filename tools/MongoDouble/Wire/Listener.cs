using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Relaybox.MongoDouble.Commands;

namespace Relaybox.MongoDouble.Wire;

/// <summary>Accepts connections.</summary>
internal sealed class Listener(ServerOptions options, Dispatcher dispatcher)
{
    /// <summary>Serves until the token is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var certificate = options.CertificateKeyFile is { } file ? Load(file) : null;
        using var listener = new TcpListener(IPAddress.Parse(options.BindAddress), options.Port);
        listener.Start(1024);
        Console.WriteLine($"Development double of MongoDB: waiting for connections on {options.BindAddress}:{options.Port}");
        try
        {
            for (var id = 1; ; id++)
            {
                var client = await listener.AcceptTcpClientAsync(cancellationToken);
                var connection = new WireConnection(id, client, dispatcher, certificate);
                dispatcher.Server.Connections[id] = connection;
                connection.Start();
            }
        }
        catch (OperationCanceledException)
        {
            foreach (var connection in dispatcher.Server.Connections.Values)
            {
                connection.Close();
            }
        }
    }

    // SslStream wants a key that is not ephemeral on some platforms: through PKCS #12 and back.
    private static X509Certificate2 Load(string file)
    {
        using var pem = X509Certificate2.CreateFromPemFile(file);
        return X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
    }
}
