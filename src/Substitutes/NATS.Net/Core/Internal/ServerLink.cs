using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace NATS.Client.Core.Internal;

/// <summary>One connection to one server, from the handshake to its end. It is never repaired: a new one takes its place.</summary>
internal sealed class ServerLink
{
    private readonly NatsOpts _opts;
    private readonly ILinkHandler _handler;
    private readonly Socket _socket;
    private readonly ReadBuffer _input = new();
    private readonly ProtocolParser _parser = new();
    private readonly Lock _pingGate = new();
    private readonly Queue<TaskCompletionSource?> _pings = new();
    private readonly CancellationTokenSource _closing = new();
    private Stream _stream;
    private NatsServerException? _lastError;
    private int _closed;

    private ServerLink(NatsOpts opts, ILinkHandler handler, Socket socket)
    {
        _opts = opts;
        _handler = handler;
        _socket = socket;
        _stream = new NetworkStream(socket, ownsSocket: true);
    }

    internal OutgoingBuffer Output { get; } = new();

    internal ServerInfo Info { get; private set; } = new();

    /// <summary>Connects to a server: TCP, INFO, TLS where it is wanted, CONNECT, and a PING that is answered.</summary>
    /// <exception cref="NatsException">It did not come to that.</exception>
    internal static async Task<ServerLink> OpenAsync(NatsOpts opts, Uri uri, ILinkHandler handler, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(opts.ConnectTimeout);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        ServerLink? link = null;
        try
        {
            await socket.ConnectAsync(uri.Host.Trim('[', ']'), uri.Port, timeout.Token);
            link = new ServerLink(opts, handler, socket);
            await link.ShakeHandsAsync(uri, timeout.Token);
            return link;
        }
        catch (Exception e)
        {
            await (link?._stream.DisposeAsync() ?? ValueTask.CompletedTask);
            socket.Dispose();
            link?._input.Dispose();
            throw e switch
            {
                OperationCanceledException when cancellationToken.IsCancellationRequested => e,
                OperationCanceledException => new NatsException($"The server did not answer within {opts.ConnectTimeout.TotalSeconds} s.", e),
                NatsException => e,
                _ => new NatsException($"The connection failed: {e.Message}", e),
            };
        }
    }

    /// <summary>Begins to read and write.</summary>
    internal void Start()
    {
        _ = ReadAsync();
        _ = WriteAsync();
        _ = KeepAliveAsync();
    }

    /// <summary>Sends a PING, and waits until it is answered: what was sent before has reached the server then.</summary>
    /// <exception cref="NatsException">The link is closed.</exception>
    internal async Task PingAsync(CancellationToken cancellationToken)
    {
        var pong = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        SendPing(pong);
        await pong.Task.WaitAsync(cancellationToken);
    }

    internal void Close(Exception reason)
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0)
        {
            return;
        }

        // First of all, so that nothing can be sent whose answer nobody would wait for.
        Output.Complete();
        _closing.Cancel();
        _stream.Dispose();
        lock (_pingGate)
        {
            while (_pings.TryDequeue(out var ping))
            {
                ping?.TrySetException(new NatsException("The connection was lost.", reason));
            }
        }

        _handler.OnClosed(this, reason);
    }

    private async Task ShakeHandsAsync(Uri uri, CancellationToken cancellationToken)
    {
        var mode = _opts.TlsOpts.EffectiveMode(uri);
        var secure = mode == TlsMode.Implicit;
        if (secure)
        {
            _stream = await TlsUpgrade.AuthenticateAsync(_stream, _opts.TlsOpts, uri, cancellationToken);
        }

        await ReadHandshakeAsync(FrameKind.Info, cancellationToken);
        if (!secure && (mode == TlsMode.Require || Info.TlsRequired || (mode == TlsMode.Prefer && Info.TlsAvailable)))
        {
            if (mode == TlsMode.Disable)
            {
                throw new NatsException("The server demands TLS, and the options forbid it.");
            }

            if (!Info.TlsRequired && !Info.TlsAvailable)
            {
                throw new NatsException("The server does not offer TLS, and the options or the url demand it.");
            }

            if (!_input.Unread.IsEmpty)
            {
                throw new ProtocolException("The server sent more in plain text than it may before TLS.");
            }

            _stream = await TlsUpgrade.AuthenticateAsync(_stream, _opts.TlsOpts, uri, cancellationToken);
            secure = true;
        }

        var connect = await Authentication.ApplyAsync(
            new ConnectOptions { Name = _opts.Name, TlsRequired = secure }, _opts.AuthOpts, uri, Info, cancellationToken);
        byte[] greeting =
        [
            .. "CONNECT "u8, .. JsonSerializer.SerializeToUtf8Bytes(connect, CoreJson.Default.ConnectOptions), .. "\r\nPING\r\n"u8,
        ];
        await _stream.WriteAsync(greeting, cancellationToken);
        await _stream.FlushAsync(cancellationToken);
        await ReadHandshakeAsync(FrameKind.Pong, cancellationToken);
    }

    private async Task ReadHandshakeAsync(FrameKind wanted, CancellationToken cancellationToken)
    {
        while (!TryReadHandshake(wanted))
        {
            if (!await _input.FillAsync(_stream, cancellationToken))
            {
                throw _lastError ?? new NatsException("The server closed the connection during the handshake.");
            }
        }
    }

    private bool TryReadHandshake(FrameKind wanted)
    {
        while (_parser.TryRead(_input.Unread, out var frame, out var consumed))
        {
            var kind = frame.Kind;
            switch (kind)
            {
                case FrameKind.Info:
                    TakeInfo(frame.Payload);
                    break;
                case FrameKind.Error:
                    throw new NatsServerException(Encoding.UTF8.GetString(frame.Payload));
                case FrameKind.Ping:
                    Output.TryAppend("PONG\r\n"u8);
                    break;
                case FrameKind.Message:
                    throw new ProtocolException("The server sent a message before the handshake was over.");
            }

            _input.Consume(consumed);
            if (kind == wanted)
            {
                return true;
            }
        }

        return false;
    }

    private async Task ReadAsync()
    {
        Exception reason;
        try
        {
            do
            {
                DispatchAll();
            }
            while (await _input.FillAsync(_stream, CancellationToken.None));
            reason = _lastError ?? new NatsException("The server closed the connection.");
        }
        catch (Exception e)
        {
            reason = e is NatsException ? e : _lastError ?? new NatsException("The connection was lost.", e);
        }

        Close(reason);
        _input.Dispose();
    }

    private void DispatchAll()
    {
        while (_parser.TryRead(_input.Unread, out var frame, out var consumed))
        {
            switch (frame.Kind)
            {
                case FrameKind.Message:
                    _handler.OnMessage(frame);
                    break;
                case FrameKind.Ping:
                    Output.TryAppend("PONG\r\n"u8);
                    break;
                case FrameKind.Pong:
                    TakePong();
                    break;
                case FrameKind.Info:
                    TakeInfo(frame.Payload);
                    _handler.OnInfo(Info);
                    break;
                case FrameKind.Error:
                    _lastError = new NatsServerException(Encoding.UTF8.GetString(frame.Payload));
                    _handler.OnServerError(_lastError);
                    break;
            }

            _input.Consume(consumed);
        }
    }

    private async Task WriteAsync()
    {
        try
        {
            while (true)
            {
                var operations = await Output.TakeAsync();
                if (operations.IsEmpty)
                {
                    return;
                }

                await _stream.WriteAsync(operations);
            }
        }
        catch (Exception e)
        {
            Close(_lastError ?? new NatsException("The connection was lost.", e));
        }
    }

    private async Task KeepAliveAsync()
    {
        try
        {
            using var timer = new PeriodicTimer(_opts.PingInterval);
            while (await timer.WaitForNextTickAsync(_closing.Token))
            {
                int unanswered;
                lock (_pingGate)
                {
                    unanswered = _pings.Count;
                }

                if (unanswered >= _opts.MaxPingOut)
                {
                    Close(new NatsException($"The server left {unanswered} pings unanswered."));
                    return;
                }

                SendPing(null);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or NatsException)
        {
            // The link is closed.
        }
    }

    private void SendPing(TaskCompletionSource? pong)
    {
        // Answers come in the order of the pings: both queues must have the same.
        lock (_pingGate)
        {
            if (!Output.TryAppend("PING\r\n"u8))
            {
                throw new NatsException("The connection was lost.");
            }

            _pings.Enqueue(pong);
        }
    }

    private void TakePong()
    {
        lock (_pingGate)
        {
            if (_pings.TryDequeue(out var pong))
            {
                pong?.TrySetResult();
            }
        }
    }

    private void TakeInfo(ReadOnlySpan<byte> json)
    {
        Info = ServerInfo.Parse(json);
        _parser.MaxPayload = Info.MaxPayload;
    }
}
