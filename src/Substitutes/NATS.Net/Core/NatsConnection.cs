using System.Security.Cryptography;
using System.Text;
using NATS.Client.Core.Internal;

namespace NATS.Client.Core;

public partial class NatsConnection : INatsConnection, ILinkHandler
{
    private readonly Lock _gate = new();
    private readonly Uri[] _uris;
    private readonly CancellationTokenSource _disposing = new();
    private ServerLink? _link;
    private NatsConnectionState _state;
    private TaskCompletionSource? _opening;

    public NatsConnection()
        : this(NatsOpts.Default)
    {
    }

    public NatsConnection(NatsOpts opts)
    {
        ArgumentNullException.ThrowIfNull(opts);
        Opts = opts;
        _uris = ServerUri.ParseAll(opts.Url);
        _inbox = Encoding.ASCII.GetBytes($"{opts.InboxPrefix}.{NewId()}.");
        _replies = new PendingReplies(opts.RequestTimeout);
    }

    public event AsyncEventHandler<NatsEventArgs>? ConnectionDisconnected;

    public event AsyncEventHandler<NatsEventArgs>? ConnectionOpened;

    public event AsyncEventHandler<NatsEventArgs>? ReconnectFailed;

    public NatsOpts Opts { get; }

    public NatsConnectionState ConnectionState
    {
        get
        {
            lock (_gate)
            {
                return _state;
            }
        }
    }

    public INatsServerInfo? ServerInfo
    {
        get
        {
            lock (_gate)
            {
                return _link?.Info;
            }
        }
    }

    /// <summary>Connects, unless that has been done. While the connection is being repaired: waits until it is.</summary>
    /// <exception cref="NatsException">None of the servers could be used.</exception>
    public async ValueTask ConnectAsync()
    {
        Task opened;
        var first = false;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposing.IsCancellationRequested, this);
            if (_state == NatsConnectionState.Open)
            {
                return;
            }

            if (_state == NatsConnectionState.Closed)
            {
                _state = NatsConnectionState.Connecting;
                _opening = NewOpening();
                first = true;
            }

            opened = _opening!.Task;
        }

        if (first)
        {
            await ConnectFirstAsync();
        }

        await opened;
    }

    public async ValueTask<TimeSpan> PingAsync(CancellationToken cancellationToken = default)
    {
        var link = await GetLinkAsync(cancellationToken);
        var started = System.Diagnostics.Stopwatch.GetTimestamp();
        await link.PingAsync(cancellationToken);
        return System.Diagnostics.Stopwatch.GetElapsedTime(started);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        ServerLink? link;
        lock (_gate)
        {
            if (_disposing.IsCancellationRequested)
            {
                return;
            }

            link = _link;
        }

        if (link is not null)
        {
            // What was sent without an answer, such as an acknowledgement, is to arrive.
            try
            {
                await link.PingAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(1));
            }
            catch (Exception e) when (e is TimeoutException or NatsException)
            {
                // It will not.
            }
        }

        await _disposing.CancelAsync();
        link?.Close(new NatsException("The connection was disposed."));
        End(new NatsException("The connection was disposed."));
        _replies.Dispose();
    }

    void ILinkHandler.OnInfo(ServerInfo info)
    {
        // The link keeps it.
    }

    void ILinkHandler.OnClosed(ServerLink link, Exception reason)
    {
        lock (_gate)
        {
            if (_link != link)
            {
                return;
            }

            _link = null;
            if (!_disposing.IsCancellationRequested)
            {
                _state = NatsConnectionState.Reconnecting;
                _opening = NewOpening();
                _ = Task.Run(() => ReconnectAsync(reason));
            }
        }

        _replies.FailAll(new NatsException("The connection was lost before the answer came.", reason));
        EndSubscriptions();
        Raise(ConnectionDisconnected, reason.Message);
    }

    private static string NewId() => RandomNumberGenerator.GetHexString(22, lowercase: true);

    private static TaskCompletionSource NewOpening()
    {
        var opening = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        // Nobody may be waiting when it fails.
        _ = opening.Task.ContinueWith(
            static task => task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        return opening;
    }

    private async Task ConnectFirstAsync()
    {
        try
        {
            Opened(await OpenAnyAsync(_disposing.Token));
        }
        catch (Exception e)
        {
            End(e as NatsException ?? new NatsException("The connection was disposed.", e));
        }
    }

    private async Task ReconnectAsync(Exception reason)
    {
        var authFailures = reason is NatsServerException { IsAuthError: true } ? 1 : 0;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await Task.Delay(ReconnectBackoff.Before(Opts, attempt, Random.Shared.NextDouble()), _disposing.Token);
                Opened(await OpenAnyAsync(_disposing.Token));
                return;
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (NatsException e)
            {
                Raise(ReconnectFailed, e.Message);
                authFailures = e.InnerException is NatsServerException { IsAuthError: true } ? authFailures + 1 : 0;
                if (attempt == Opts.MaxReconnectRetry || (authFailures >= 2 && !Opts.IgnoreAuthErrorAbort))
                {
                    End(new NatsException("The connection was lost and could not be repaired.", e));
                    return;
                }
            }
        }
    }

    private async Task<ServerLink> OpenAnyAsync(CancellationToken cancellationToken)
    {
        var uris = (Uri[])_uris.Clone();
        if (!Opts.NoRandomize)
        {
            Random.Shared.Shuffle(uris);
        }

        NatsException? last = null;
        foreach (var uri in uris)
        {
            try
            {
                return await ServerLink.OpenAsync(Opts, uri, this, cancellationToken);
            }
            catch (NatsException e)
            {
                last = e;
            }
        }

        throw new NatsException($"can not connect to {string.Join(", ", uris.Select(uri => uri.Authority))}: {last!.Message}", last);
    }

    private void Opened(ServerLink link)
    {
        lock (_gate)
        {
            if (_disposing.IsCancellationRequested)
            {
                link.Close(new NatsException("The connection was disposed."));
                return;
            }

            link.Output.TryAppend(Encoding.ASCII.GetBytes($"SUB {Encoding.ASCII.GetString(_inbox)}* {InboxSid}\r\n"));
            _link = link;
            _state = NatsConnectionState.Open;
            _opening!.TrySetResult();
            _opening = null;
        }

        link.Start();
        Raise(ConnectionOpened, "");
    }

    private void End(NatsException reason)
    {
        lock (_gate)
        {
            _state = NatsConnectionState.Closed;
            _opening?.TrySetException(reason);
            _opening = null;
        }
    }

    private async ValueTask<ServerLink> GetLinkAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_link is { } open)
            {
                return open;
            }
        }

        try
        {
            await ConnectAsync().AsTask().WaitAsync(Opts.CommandTimeout, cancellationToken);
        }
        catch (TimeoutException e)
        {
            throw new NatsException($"There is no connection, and none came within {Opts.CommandTimeout.TotalSeconds} s.", e);
        }

        lock (_gate)
        {
            return _link ?? throw new NatsException("The connection was lost.");
        }
    }

    private void Raise(AsyncEventHandler<NatsEventArgs>? handler, string message)
    {
        if (handler is not null)
        {
            _ = Task.Run(async () => await handler(this, new NatsEventArgs(message)));
        }
    }
}
