using System.Buffers.Binary;
using System.Collections.Concurrent;
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

    private readonly ConcurrentQueue<int> _requests = [];
    private readonly ConcurrentQueue<byte[]> _plain = [];
    private readonly LoopbackListener _listener;

    public StrippingServer() => _listener = new LoopbackListener((client, ct) => ServeAsync(client.GetStream(), ct));

    public int Port => _listener.Port;

    /// <summary>How often TLS was asked for.</summary>
    public int SslRequests => _requests.Count(request => request == SslRequest);

    /// <summary>What was said in plaintext, but for the requests for encryption.</summary>
    public IReadOnlyCollection<byte[]> Plain => _plain;

    public ValueTask DisposeAsync() => _listener.DisposeAsync();

    private async Task ServeAsync(NetworkStream stream, CancellationToken stop)
    {
        var buffer = new byte[1024];
        int read;
        while ((read = await stream.ReadAsync(buffer, stop)) > 0)
        {
            var request = read == 8 ? BinaryPrimitives.ReadInt32BigEndian(buffer.AsSpan(4)) : 0;
            if (request is SslRequest or GssRequest)
            {
                _requests.Enqueue(request);
                await stream.WriteAsync("N"u8.ToArray(), stop);
            }
            else
            {
                _plain.Enqueue(buffer[..read]);
            }
        }
    }
}
