using System.Net;
using System.Net.Sockets;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Messaging;

/// <summary>Stands between a client and the server, and loses what a test wants lost.</summary>
internal sealed class NatsProxy : IAsyncDisposable
{
    private readonly LoopbackListener _listener;
    private readonly Lock _gate = new();
    private readonly List<Pair> _pairs = [];

    internal NatsProxy(int port) => _listener = new LoopbackListener((client, ct) => ServeAsync(client, port, ct));

    internal string Url => $"nats://127.0.0.1:{_listener.Port}";

    internal int Connections
    {
        get
        {
            lock (_gate)
            {
                return _pairs.Count;
            }
        }
    }

    /// <summary>From now on nothing that the server says on the connections that exist arrives.</summary>
    internal void SwallowAnswers() => ForEach(pair => pair.Swallows = true);

    /// <summary>From now on nothing is read of what the client sends on the connections that exist.</summary>
    internal void StopReading() => ForEach(pair => pair.Reads = false);

    /// <summary>Cuts the connections that exist.</summary>
    internal void Cut() => ForEach(pair => pair.Close());

    /// <summary>Cuts a connection after this many more bytes of the client.</summary>
    internal void CutAfter(int bytes) => ForEach(pair => pair.Allowance = bytes);

    public ValueTask DisposeAsync() => _listener.DisposeAsync();

    private void ForEach(Action<Pair> change)
    {
        lock (_gate)
        {
            _pairs.ForEach(change);
        }
    }

    private async Task ServeAsync(TcpClient client, int port, CancellationToken stop)
    {
        using var server = new TcpClient();
        await server.ConnectAsync(IPAddress.Loopback, port, stop);
        var pair = new Pair(client, server);
        await using var closing = stop.Register(pair.Close);
        lock (_gate)
        {
            _pairs.Add(pair);
        }

        await pair.RunAsync();
    }

    private sealed class Pair(TcpClient client, TcpClient server)
    {
        private volatile bool _swallows;
        private volatile bool _reads = true;
        private int _allowance = int.MaxValue;

        internal bool Swallows
        {
            set => _swallows = value;
        }

        internal bool Reads
        {
            set => _reads = value;
        }

        internal int Allowance
        {
            set => Volatile.Write(ref _allowance, value);
        }

        internal Task RunAsync() => Task.WhenAll(PumpAsync(client, server, fromServer: false), PumpAsync(server, client, fromServer: true));

        internal void Close()
        {
            client.Dispose();
            server.Dispose();
        }

        private async Task PumpAsync(TcpClient from, TcpClient to, bool fromServer)
        {
            var buffer = new byte[16 * 1024];
            try
            {
                while (await from.GetStream().ReadAsync(buffer) is var read and > 0)
                {
                    if (fromServer)
                    {
                        if (!_swallows)
                        {
                            await to.GetStream().WriteAsync(buffer.AsMemory(0, read));
                        }

                        continue;
                    }

                    if (!_reads)
                    {
                        // What was read is lost, and the rest stays where it is until the connection is closed.
                        return;
                    }

                    var allowed = Math.Min(read, Volatile.Read(ref _allowance));
                    await to.GetStream().WriteAsync(buffer.AsMemory(0, allowed));
                    if (Interlocked.Add(ref _allowance, -read) <= 0)
                    {
                        break;
                    }

                    if (Volatile.Read(ref _allowance) > int.MaxValue / 2)
                    {
                        Volatile.Write(ref _allowance, int.MaxValue);
                    }
                }
            }
            catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
            {
                // One side has gone; so does the other.
            }

            Close();
        }
    }
}
