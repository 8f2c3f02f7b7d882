using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using NATS.Client.Core;
using NATS.Client.JetStream;
using Relaybox.Diagnostics;

namespace Relaybox.Nats;

/// <summary>
/// One connection, from its opening to its loss. The client would connect again by itself and send what was left in its buffer,
/// after its sender was told that the connection is lost; so a session that is lost is closed, and another takes its place.
/// </summary>
internal sealed class NatsSession : IAsyncDisposable
{
    // Requests to JetStream, and acknowledgements of its messages.
    private const string JetStreamPrefix = "$JS.";
    private const string AcknowledgementPrefix = "$JS.ACK.";

    internal const int DefaultMaxPayload = 1_048_576;

    private readonly NatsConnection _connection;
    private readonly TimeSpan _answerTimeout;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _losing = new();
    private readonly ConcurrentDictionary<string, string> _refusals = new(StringComparer.Ordinal);
    private NatsAcknowledgements? _acknowledgements;
    private volatile string? _serverError;
    private volatile string? _refusal;
    private volatile string? _deafness;
    private int _isLost;

    private NatsSession(NatsConnection connection, TimeSpan answerTimeout, ILogger logger)
    {
        _connection = connection;
        _answerTimeout = answerTimeout;
        _logger = logger;
        Lost = _losing.Token;
        JetStream = new NatsJSContext(connection);
        connection.ConnectionDisconnected += OnDisconnectedAsync;
        connection.ServerError += OnServerErrorAsync;
    }

    /// <summary>The client's own interface to streams and consumers.</summary>
    internal NatsJSContext JetStream { get; }

    /// <summary>Is cancelled when the connection is lost. Calls to <see cref="JetStream"/> would wait for another connection.</summary>
    internal CancellationToken Lost { get; }

    /// <summary>The most bytes of a message that the server takes, with headers.</summary>
    internal int MaxPayload => _connection.ServerInfo?.MaxPayload is > 0 and var most ? most : DefaultMaxPayload;

    internal bool IsOpen => !Lost.IsCancellationRequested && _connection.ConnectionState == NatsConnectionState.Open;

    /// <summary>Connects to one of the servers.</summary>
    /// <exception cref="NatsException">No server can be used. The text says why.</exception>
    internal static async Task<NatsSession> OpenAsync(NatsOpts options, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        var failures = new NatsConnectFailures();
        var session = new NatsSession(new NatsConnection(options with { LoggerFactory = failures }), options.RequestTimeout, logger);
        try
        {
            await session._connection.ConnectAsync().AsTask().WaitAsync(cancellationToken);

            // Where the connection is lost at once, the client would wait for another.
            session._acknowledgements = await session.RunAsync(
                ct => NatsAcknowledgements.SubscribeAsync(session._connection, time, ct), cancellationToken);
            return session;
        }
        catch (NatsException e)
        {
            session.Lose();
            throw new NatsException(failures.Explain(e), MemoryFault.Find(failures.Last) ?? (Exception)e);
        }
        catch
        {
            session.Lose();
            throw;
        }
    }

    /// <summary>Sends a message. What is thrown says that it was not sent.</summary>
    /// <exception cref="NatsException">The message cannot be sent, or not over this connection.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled before the message was sent.</exception>
    internal ValueTask<NatsPublication> PublishAsync<T>(
        string subject, T body, INatsSerialize<T> serializer, NatsHeaders headers, CancellationToken cancellationToken) =>
        _acknowledgements!.PublishAsync(subject, body, serializer, headers, cancellationToken);

    /// <inheritdoc cref="PublishAsync{T}"/>
    internal ValueTask<NatsPublication> PublishAsync(
        string subject, ReadOnlyMemory<byte> body, NatsHeaders headers, CancellationToken cancellationToken) =>
        PublishAsync(subject, body, NatsRawSerializer<ReadOnlyMemory<byte>>.Default, headers, cancellationToken);

    /// <summary>Waits for the answer to a message. Every way in which the wait can end is a value.</summary>
    internal ValueTask<NatsAnswer> AnswerAsync(NatsPublication publication, CancellationToken cancellationToken) =>
        _acknowledgements!.AnswerAsync(publication, _answerTimeout, cancellationToken);

    /// <summary>Runs calls of <see cref="JetStream"/> that end with the connection.</summary>
    /// <param name="calls">The calls, with the token that they have to pass on.</param>
    /// <param name="cancellationToken">Ends the calls.</param>
    /// <exception cref="NatsException">The server refused a call, or the connection was lost.</exception>
    internal async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> calls, CancellationToken cancellationToken)
    {
        using var running = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, Lost);
        var refusal = _refusal;
        try
        {
            return await calls(running.Token);
        }
        catch (Exception e) when (IsFault(e, cancellationToken) && (_deafness ?? (_refusal == refusal ? null : _refusal)) is { } reason)
        {
            // The client knows of no answer, and nothing else.
            throw new NatsException(reason, e);
        }
        catch (Exception e) when (e is not NatsException && IsFault(e, cancellationToken))
        {
            throw Explain(e);
        }
    }

    /// <summary>Asks the server for a sign of life.</summary>
    /// <exception cref="OperationCanceledException">None came in time.</exception>
    internal async Task PingAsync(CancellationToken cancellationToken) =>

        // The client's own wait for the answer does not end with the token.
        await _connection.PingAsync(cancellationToken).AsTask().WaitAsync(cancellationToken);

    /// <summary>
    /// Whether a call failed because of the server or the connection, and not because its caller gave up. Where the connection is
    /// lost, the client's calls end as cancelled or as disposed.
    /// </summary>
    internal bool IsFault(Exception exception, CancellationToken cancellationToken) =>
        exception is NatsException
            || (exception is OperationCanceledException or ObjectDisposedException && !cancellationToken.IsCancellationRequested);

    /// <summary>What a failed call means: the client's exception where it tells something, or the loss of the connection.</summary>
    internal NatsException Explain(Exception exception) => exception as NatsException ?? new NatsException(LossText(), exception);

    /// <summary>
    /// Whether the server has refused a request of this user since this was asked last, in its words; null: no. The client makes an
    /// empty answer of it where a request may have none.
    /// </summary>
    internal string? RefusalOf(string subject) => _refusals.TryRemove(subject, out var refusal) ? refusal : null;

    /// <inheritdoc />
    public ValueTask DisposeAsync()
    {
        Lose();
        return _connection.DisposeAsync();
    }

    private ValueTask OnDisconnectedAsync(object? sender, NatsEventArgs args)
    {
        if (Volatile.Read(ref _isLost) == 0)
        {
            Log.Disconnected(_logger, ErrorText.Bound(_serverError ?? args.Message));
            Lose();
        }

        return ValueTask.CompletedTask;
    }

    private ValueTask OnServerErrorAsync(object? sender, NatsServerErrorEventArgs args)
    {
        if (args.Kind != NatsServerErrorKind.PermissionsViolation)
        {
            // Such an error ends the connection.
            _serverError = args.Error;
        }
        else if (Quoted(args.Error) is not { } subject)
        {
            return ValueTask.CompletedTask;
        }
        else if (args.Error.Contains("for Publish", StringComparison.Ordinal))
        {
            _acknowledgements?.Forbid(subject, args.Error);
            if (subject.StartsWith(JetStreamPrefix, StringComparison.Ordinal))
            {
                _refusal = $"{args.Error}. Allow the user to publish there";
                if (!subject.StartsWith(AcknowledgementPrefix, StringComparison.Ordinal))
                {
                    _refusals[subject] = _refusal;
                }
            }
        }
        else if (subject.StartsWith($"{_connection.Opts.InboxPrefix}.", StringComparison.Ordinal))
        {
            _deafness = $"no answer can arrive: {args.Error}. Allow the user to subscribe to {_connection.Opts.InboxPrefix}.>";
            if (subject == _acknowledgements?.Subject)
            {
                _acknowledgements.End(NatsAnswerKind.Deaf, _deafness);
            }
        }

        return ValueTask.CompletedTask;
    }

    private void Lose()
    {
        if (Interlocked.Exchange(ref _isLost, 1) != 0)
        {
            return;
        }

        _acknowledgements?.End(NatsAnswerKind.Lost, LossText());
        _losing.Cancel();

        // Its last words may take a while, and nothing waits for them.
        _ = _connection.DisposeAsync().AsTask();
    }

    private string LossText() => _serverError is { } error ? $"the connection was lost: {error}" : "the connection was lost";

    // The server quotes the subject: Permissions Violation for Publish to "orders.placed".
    private static string? Quoted(string text)
    {
        var (begin, end) = (text.IndexOf('"', StringComparison.Ordinal), text.LastIndexOf('"'));
        return begin >= 0 && end > begin ? text[(begin + 1)..end] : null;
    }
}
