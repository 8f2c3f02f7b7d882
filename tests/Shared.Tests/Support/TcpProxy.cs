using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Support;

/// <summary>A wire to a server on loopback that a test can cut: at once, or at the moment an answer comes back.</summary>
public sealed class TcpProxy : IAsyncDisposable
{
    private readonly LoopbackListener _listener;
    private readonly ConcurrentBag<TcpClient> _clients = [];
    private int _swallow;

    public TcpProxy(int target) => _listener = new LoopbackListener((client, ct) => ServeAsync(client, target, ct));

    public int Port => _listener.Port;

    /// <summary>How many answers were swallowed.</summary>
    public int Swallowed { get; private set; }

    /// <summary>Cuts the wire when the next answer that this holds for comes back: the server has done its work, and nobody hears of it.</summary>
    public Func<ReadOnlyMemory<byte>, bool>? SwallowWhen { get; set; }

    /// <summary>How many answers <see cref="SwallowWhen"/> cuts off.</summary>
    public int SwallowCount
    {
        set => _swallow = value;
    }

    public void CutAll()
    {
        foreach (var client in _clients)
        {
            client.Dispose();
        }
    }

    public ValueTask DisposeAsync() => _listener.DisposeAsync();

    private async Task ServeAsync(TcpClient client, int target, CancellationToken stop)
    {
        using var server = new TcpClient();
        _clients.Add(client);
        _clients.Add(server);
        await server.ConnectAsync(IPAddress.Loopback, target, stop);
        await Task.WhenAll(PumpAsync(client, server, isAnswer: false, stop), PumpAsync(server, client, isAnswer: true, stop));
    }

    private async Task PumpAsync(TcpClient from, TcpClient to, bool isAnswer, CancellationToken stop)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            int read;
            while ((read = await from.GetStream().ReadAsync(buffer, stop)) > 0)
            {
                if (isAnswer && SwallowWhen?.Invoke(buffer.AsMemory(0, read)) == true && Interlocked.Decrement(ref _swallow) >= 0)
                {
                    Swallowed++;
                    break;
                }

                await to.GetStream().WriteAsync(buffer.AsMemory(0, read), stop);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
        }

        from.Dispose();
        to.Dispose();
    }
}
