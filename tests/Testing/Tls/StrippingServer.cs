using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Relaybox.Testing.Tls;

/// <summary>
/// One who sits before a PostgreSQL server, answers each request for encryption with no, and writes down what the client
/// says then.
/// </summary>
public sealed class StrippingServer : IAsyncDisposable
{
    private const int SslRequest = 80877103;
    private const int GssRequest = 80877104;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<int> _requests = [];
    private readonly ConcurrentQueue<byte[]> _plain = [];
    private readonly Task _accepting;

    public StrippingServer()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>How often TLS was asked for.</summary>
    public int SslRequests => _requests.Count(request => request == SslRequest);

    /// <summary>What was said in plaintext, but for the requests for encryption.</summary>
    public IReadOnlyCollection<byte[]> Plain => _plain;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                await ServeAsync(client.GetStream());
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(NetworkStream stream)
    {
        try
        {
            var buffer = new byte[1024];
            int read;
            while ((read = await stream.ReadAsync(buffer, _stop.Token)) > 0)
            {
                var request = read == 8 ? BinaryPrimitives.ReadInt32BigEndian(buffer.AsSpan(4)) : 0;
                if (request is SslRequest or GssRequest)
                {
                    _requests.Enqueue(request);
                    await stream.WriteAsync("N"u8.ToArray(), _stop.Token);
                }
                else
                {
                    _plain.Enqueue(buffer[..read]);
                }
            }
        }
        catch (IOException)
        {
            // The client hung up.
        }
    }
}
