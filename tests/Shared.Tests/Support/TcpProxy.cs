using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Relaybox.Shared.Tests.Support;

/// <summary>A wire to a server on loopback that a test can cut: at once, or at the moment an answer comes back.</summary>
public sealed class TcpProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentBag<TcpClient> _clients = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly int _target;
    private readonly Task _accepting;
    private int _swallow;

    public TcpProxy(int target)
    {
        _target = target;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

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

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        _listener.Stop();
        CutAll();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                var server = new TcpClient();
                _clients.Add(client);
                _clients.Add(server);
                await server.ConnectAsync(IPAddress.Loopback, _target, _stop.Token);
                _ = PumpAsync(client, server, isAnswer: false);
                _ = PumpAsync(server, client, isAnswer: true);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task PumpAsync(TcpClient from, TcpClient to, bool isAnswer)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            int read;
            while ((read = await from.GetStream().ReadAsync(buffer, _stop.Token)) > 0)
            {
                if (isAnswer && SwallowWhen?.Invoke(buffer.AsMemory(0, read)) == true && Interlocked.Decrement(ref _swallow) >= 0)
                {
                    Swallowed++;
                    break;
                }

                await to.GetStream().WriteAsync(buffer.AsMemory(0, read), _stop.Token);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
        }

        from.Dispose();
        to.Dispose();
    }
}
