using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Relaybox.Testing;

/// <summary>
/// The way between a client and a MongoDB server on loopback, where something can happen at a message: before a command is sent on, when
/// the server has it, or when the server has answered and the client does not know. Clients connect with <c>directConnection=true</c>.
/// </summary>
public sealed class MongoProxy : IAsyncDisposable
{
    private const int LargestMessage = 64 * 1024 * 1024;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly int _serverPort;
    private readonly Task _accepting;
    private volatile Rule? _rule;
    private int _met;

    public MongoProxy(int serverPort)
    {
        _serverPort = serverPort;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public enum Moment
    {
        /// <summary>The client has sent the command; the server does not have it.</summary>
        NotSent,

        /// <summary>The server has the command.</summary>
        Sent,

        /// <summary>The server has answered; the client does not have the answer.</summary>
        Answered,
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>How a client connects through it.</summary>
    public string ConnectionString => $"mongodb://127.0.0.1:{Port}/?directConnection=true";

    /// <summary>How many messages have met a rule.</summary>
    public int Met => Volatile.Read(ref _met);

    /// <summary>Lets something happen, once, at the first message of a client's that holds a text.</summary>
    /// <param name="text">A name or a value in the command, such as <c>commitTransaction</c>.</param>
    /// <param name="moment">When.</param>
    /// <param name="action">What; it may cut the connection that it is given.</param>
    public void Once(string text, Moment moment, Func<Wire, Task> action) => _rule = new Rule(Encoding.UTF8.GetBytes(text), moment, action, true);

    /// <summary>Cuts the connection, once, at the first message that holds a text.</summary>
    /// <inheritdoc cref="Once" path="/param"/>
    public void CutOnce(string text, Moment moment) => Once(text, moment, Cut);

    /// <summary>Cuts the connection at every message that holds a text, until <see cref="Heal"/>.</summary>
    /// <inheritdoc cref="Once" path="/param"/>
    public void CutAlways(string text, Moment moment) => _rule = new Rule(Encoding.UTF8.GetBytes(text), moment, Cut, false);

    /// <summary>Forgets the rule.</summary>
    public void Heal() => _rule = null;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    private static Task Cut(Wire wire)
    {
        wire.Cut();
        return Task.CompletedTask;
    }

    private async Task AcceptAsync()
    {
        var wires = new List<Task>();
        try
        {
            while (true)
            {
                wires.Add(RunAsync(await _listener.AcceptSocketAsync(_stop.Token)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The end of the test.
        }

        await Task.WhenAll(wires);
    }

    private async Task RunAsync(Socket client)
    {
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        using var wire = new Wire(client, server);
        try
        {
            await server.ConnectAsync(IPAddress.Loopback, _serverPort, _stop.Token);
            await Task.WhenAny(ToServerAsync(wire), ToClientAsync(wire));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // A server that is not there refuses its clients here, too.
        }
    }

    private async Task ToServerAsync(Wire wire)
    {
        while (await ReadAsync(wire.Client) is { } message)
        {
            var rule = Match(message);
            if (rule is { Moment: Moment.NotSent })
            {
                await rule.Action(wire);
            }
            else if (rule is { Moment: Moment.Answered })
            {
                wire.OnAnswer = rule.Action;
            }

            await SendAsync(wire.Server, message);
            if (rule is { Moment: Moment.Sent })
            {
                await rule.Action(wire);
            }
        }
    }

    private async Task ToClientAsync(Wire wire)
    {
        while (await ReadAsync(wire.Server) is { } message)
        {
            if (Interlocked.Exchange(ref wire.OnAnswer, null) is { } action)
            {
                await action(wire);
            }

            await SendAsync(wire.Client, message);
        }
    }

    private Rule? Match(byte[] message)
    {
        if (_rule is not { } rule || message.AsSpan().IndexOf(rule.Text) < 0
            || (rule.IsOnce && Interlocked.CompareExchange(ref _rule, null, rule) != rule))
        {
            return null;
        }

        Interlocked.Increment(ref _met);
        return rule;
    }

    /// <summary>A whole message, which begins with its length; null at the end.</summary>
    private async Task<byte[]?> ReadAsync(Socket socket)
    {
        var length = new byte[4];
        if (!await FillAsync(socket, length))
        {
            return null;
        }

        var message = new byte[Math.Clamp(BinaryPrimitives.ReadInt32LittleEndian(length), length.Length, LargestMessage)];
        length.CopyTo(message, 0);
        return await FillAsync(socket, message.AsMemory(length.Length)) ? message : null;
    }

    private async Task<bool> FillAsync(Socket socket, Memory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var count = await socket.ReceiveAsync(bytes, _stop.Token);
            if (count == 0)
            {
                return false;
            }

            bytes = bytes[count..];
        }

        return true;
    }

    private async Task SendAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await socket.SendAsync(bytes, _stop.Token)..];
        }
    }

    /// <summary>One client's connection.</summary>
    public sealed class Wire : IDisposable
    {
        internal Func<Wire, Task>? OnAnswer;

        internal Wire(Socket client, Socket server) => (Client, Server) = (client, server);

        internal Socket Client { get; }

        internal Socket Server { get; }

        /// <summary>Cuts it on both sides.</summary>
        public void Cut()
        {
            Client.Dispose();
            Server.Dispose();
        }

        public void Dispose() => Cut();
    }

    private sealed record Rule(byte[] Text, Moment Moment, Func<Wire, Task> Action, bool IsOnce);
}
