using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Relaybox.Testing;

/// <summary>
/// The way between a client and a server on loopback, where something can happen at a byte: before a statement is sent on, when
/// the server has it, or when the server has answered and the client does not know.
/// </summary>
public class WireProxy : IAsyncDisposable
{
    private readonly LoopbackListener _listener;
    private volatile Rule? _rule;
    private int _met;

    public WireProxy(int serverPort)
    {
        ServerPort = serverPort;
        _listener = new LoopbackListener((client, ct) => ServeAsync(client.Client, ct));
    }

    public enum Moment
    {
        /// <summary>The client has sent the statement; the server does not have it.</summary>
        NotSent,

        /// <summary>The server has the statement.</summary>
        Sent,

        /// <summary>The server has answered; the client does not have the answer.</summary>
        Answered,

        /// <summary>
        /// The client has the whole answer but for the word that it is done: the server has not committed, and cannot.
        /// So it looks when a server is stopped between a statement's end and its commit.
        /// </summary>
        Uncommitted,
    }

    /// <summary>Where new connections lead to.</summary>
    public int ServerPort { get; set; }

    public int Port => _listener.Port;

    /// <summary>How many statements have met a rule.</summary>
    public int Met => Volatile.Read(ref _met);

    /// <summary>Is given what the clients send, piece by piece.</summary>
    public Action<byte[]>? Listener { get; set; }

    /// <summary>Lets something happen, once, at the first statement that holds a text.</summary>
    /// <param name="text">The text, as it stands in the SQL; <c>COMMIT\0</c> for PostgreSQL's commit itself.</param>
    /// <param name="moment">When.</param>
    /// <param name="action">What; it may cut the connection that it is given.</param>
    public void Once(string text, Moment moment, Func<Wire, Task> action) =>
        _rule = new Rule(Encoding.UTF8.GetBytes(text), moment, action, IsOnce: true);

    /// <summary>Cuts the connection, once, at the first statement that holds a text.</summary>
    /// <inheritdoc cref="Once" path="/param"/>
    public void CutOnce(string text, Moment moment) => Once(text, moment, Cut);

    /// <summary>Cuts the connection at every statement that holds a text, until <see cref="Heal"/>.</summary>
    /// <inheritdoc cref="Once" path="/param"/>
    public void CutAlways(string text, Moment moment) => _rule = new Rule(Encoding.UTF8.GetBytes(text), moment, Cut, IsOnce: false);

    /// <summary>Forgets the rule.</summary>
    public void Heal() => _rule = null;

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return _listener.DisposeAsync();
    }

    private static Task Cut(Wire wire)
    {
        wire.Cut();
        return Task.CompletedTask;
    }

    // A server that is not there refuses its clients here, too.
    private async Task ServeAsync(Socket client, CancellationToken stop)
    {
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using var wire = new Wire(client, server);
        await server.ConnectAsync(IPAddress.Loopback, ServerPort, stop);
        await Task.WhenAny(ToServerAsync(wire, stop), ToClientAsync(wire, stop));
    }

    private async Task ToServerAsync(Wire wire, CancellationToken stop)
    {
        var buffer = new byte[64 * 1024];
        while (await ReadAsync(wire.Client, buffer, stop) is { IsEmpty: false } piece)
        {
            Listener?.Invoke(piece.ToArray());
            var rule = Match(piece.Span);
            if (rule is { Moment: Moment.NotSent })
            {
                await rule.Action(wire);
            }
            else if (rule is { Moment: Moment.Answered })
            {
                wire.OnAnswer = rule.Action;
            }
            else if (rule is { Moment: Moment.Uncommitted })
            {
                HoldBackCommit(piece.Span);
                wire.AfterAnswer = rule.Action;
            }

            await SendAsync(wire.Server, piece, stop);
            if (rule is { Moment: Moment.Sent })
            {
                await rule.Action(wire);
            }
        }
    }

    private async Task ToClientAsync(Wire wire, CancellationToken stop)
    {
        var buffer = new byte[64 * 1024];
        while (await ReadAsync(wire.Server, buffer, stop) is { IsEmpty: false } piece)
        {
            if (Interlocked.Exchange(ref wire.OnAnswer, null) is { } action)
            {
                await action(wire);
            }

            await SendAsync(wire.Client, piece, stop);
            if (Interlocked.Exchange(ref wire.AfterAnswer, null) is { } after)
            {
                await after(wire);
            }
        }
    }

    private Rule? Match(ReadOnlySpan<byte> piece)
    {
        if (_rule is not { } rule || piece.IndexOf(rule.Text) < 0
            || (rule.IsOnce && Interlocked.CompareExchange(ref _rule, null, rule) != rule))
        {
            return null;
        }

        Interlocked.Increment(ref _met);
        return rule;
    }

    /// <summary>Reads the next piece of what one side says: as much as is there.</summary>
    /// <param name="socket">Where it comes from.</param>
    /// <param name="buffer">Where it may be put.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The piece; nothing at the end.</returns>
    private protected virtual async ValueTask<Memory<byte>> ReadAsync(Socket socket, byte[] buffer, CancellationToken cancellationToken) =>
        buffer.AsMemory(0, await socket.ReceiveAsync(buffer, cancellationToken));

    /// <summary>Changes a statement so that the server answers it and does not commit.</summary>
    protected virtual void HoldBackCommit(Span<byte> statement) =>
        throw new NotSupportedException("This server's proxy cannot keep a statement from being committed.");

    private static async Task SendAsync(Socket socket, ReadOnlyMemory<byte> bytes, CancellationToken stop)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await socket.SendAsync(bytes, stop)..];
        }
    }

    /// <summary>One client's connection.</summary>
    public sealed class Wire : IDisposable
    {
        internal Func<Wire, Task>? OnAnswer;
        internal Func<Wire, Task>? AfterAnswer;

        internal Wire(Socket client, Socket server)
        {
            Client = client;
            Server = server;
        }

        internal Socket Client { get; }

        internal Socket Server { get; }

        /// <summary>Cuts it on both sides.</summary>
        public void Cut()
        {
            Client.Dispose();
            Server.Dispose();
        }

        /// <summary>Cuts it for the client alone: the server notices nothing and waits.</summary>
        public void CutClient() => Client.Close(0);

        public void Dispose() => Cut();
    }

    private sealed record Rule(byte[] Text, Moment Moment, Func<Wire, Task> Action, bool IsOnce);
}
