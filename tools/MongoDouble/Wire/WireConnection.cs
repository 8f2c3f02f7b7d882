using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Relaybox.MongoDouble.Commands;
using Relaybox.MongoDouble.Users;

namespace Relaybox.MongoDouble.Wire;

/// <summary>A client's connection: a thread that reads a command, executes it, and writes the answer.</summary>
internal sealed class WireConnection(int id, TcpClient client, Dispatcher dispatcher, X509Certificate2? certificate)
{
    private const int StackBytes = 4 * 1024 * 1024;

    public int Id => id;

    /// <summary>Who has authenticated on this connection; null: nobody.</summary>
    public AuthenticatedUser? User { get; set; }

    /// <summary>A SCRAM conversation that has begun.</summary>
    public ScramConversation? Conversation { get; set; }

    /// <summary>The application's name, as the handshake gave it.</summary>
    public string? AppName { get; set; }

    public void Start() =>
        new Thread(Run, StackBytes) { IsBackground = true, Name = $"connection {id}" }.Start();

    public void Close() => client.Dispose();

    private void Run()
    {
        try
        {
            client.NoDelay = true;
            using var stream = Open();
            // Only for reading: one BufferedStream for both would refuse to write while a next request is in its buffer.
            using var buffered = new BufferedStream(stream, 64 * 1024);
            while (WireReader.Read(buffered) is { } request)
            {
                var answer = dispatcher.Execute(this, request.Command);
                if (answer is null)
                {
                    return;
                }

                if (request.WantsAnswer)
                {
                    WireWriter.Write(stream, request, answer);
                }
            }
        }
        catch (Exception exception) when (
            exception is IOException or SocketException or ObjectDisposedException or System.Security.Authentication.AuthenticationException)
        {
            // The client is gone.
        }
        catch (Exception exception)
        {
            Console.Error.WriteLine($"Connection {id} ends: {exception.Message}");
        }
        finally
        {
            client.Dispose();
            dispatcher.Server.Connections.TryRemove(id, out _);
        }
    }

    private Stream Open()
    {
        if (certificate is null)
        {
            return client.GetStream();
        }

        var secured = new SslStream(client.GetStream(), leaveInnerStreamOpen: false);
        secured.AuthenticateAsServer(certificate, clientCertificateRequired: false, checkCertificateRevocation: false);
        return secured;
    }
}
