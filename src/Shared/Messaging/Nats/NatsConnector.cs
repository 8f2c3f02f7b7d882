using Microsoft.Extensions.Logging;
using NATS.Client.Core;
using NATS.Client.JetStream;
using Relaybox.Diagnostics;
using Relaybox.Secrets;

namespace Relaybox.Messaging.Nats;

/// <summary>Holds the one connection of a process, and makes another when it is of no use any more.</summary>
public sealed class NatsConnector : IAsyncDisposable
{
    private readonly NatsConnectionOptions _options;
    private readonly NatsOpts _client;
    private readonly CachedSecret? _secret;
    private readonly TimeProvider _time;
    private readonly ILogger<NatsConnector> _logger;
    private readonly SemaphoreSlim _gate = new(1);
    private NatsConnection? _connection;
    private NatsJSContext? _context;
    private DateTimeOffset _lastUse;

    /// <summary>Checks the options; the connection is made when it is first needed.</summary>
    /// <param name="options">Where the servers are, and who we are there.</param>
    /// <param name="time">The clock that tells how long the connection was not used.</param>
    /// <param name="logger">The log.</param>
    /// <param name="secret">The credentials, where they are kept as a secret; read again once when they are refused or are none, not in an outage.</param>
    /// <exception cref="Configuration.SettingsException">The options cannot be used.</exception>
    public NatsConnector(NatsConnectionOptions options, TimeProvider time, ILogger<NatsConnector> logger, CachedSecret? secret = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _client = NatsClientOptions.From(options);
        _time = time;
        _logger = logger;
        _secret = secret;
    }

    /// <summary>JetStream over a connection that works, or did a moment ago.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="NatsException">No server can be used.</exception>
    /// <exception cref="SecretException">The credentials' secret cannot be read, or is none.</exception>
    /// <exception cref="Configuration.SettingsException">The secret's credentials cannot be used with these options.</exception>
    internal async ValueTask<NatsJSContext> OpenAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_connection is { } connection && !await IsUsableAsync(connection, cancellationToken))
            {
                // Its last words may take a while, and nobody waits for them.
                _ = connection.DisposeAsync().AsTask();
                _connection = null;
            }

            if (_connection is null)
            {
                await ConnectAsync(cancellationToken);
            }

            _lastUse = _time.GetUtcNow();
            return _context!;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_connection is { } connection)
        {
            await connection.DisposeAsync();
        }

        _gate.Dispose();
    }

    private async Task ConnectAsync(CancellationToken cancellationToken)
    {
        if (_secret is null)
        {
            await ConnectAsync(_client, cancellationToken);
            return;
        }

        var text = await _secret.GetAsync(null, cancellationToken);
        try
        {
            await ConnectAsync(Client(text), cancellationToken);
        }
        catch (Exception e) when (NatsRefusal.IsOfCredentials(e))
        {
            var fresh = await _secret.GetAsync(text, cancellationToken);
            if (fresh == text)
            {
                throw;
            }

            await ConnectAsync(Client(fresh), cancellationToken);
        }
    }

    private NatsOpts Client(string secret) => NatsClientOptions.From(NatsCredentials.Apply(_options, secret, _secret!.Arn));

    private async Task ConnectAsync(NatsOpts client, CancellationToken cancellationToken)
    {
        var connection = new NatsConnection(client);
        try
        {
            await connection.ConnectAsync().AsTask().WaitAsync(cancellationToken);
        }
        catch
        {
            _ = connection.DisposeAsync().AsTask();
            throw;
        }

        connection.ConnectionDisconnected += (_, args) =>
        {
            Log.NatsDisconnected(_logger, ErrorText.Bound(args.Message));
            return ValueTask.CompletedTask;
        };
        _connection = connection;
        _context = new NatsJSContext(connection);
    }

    private async Task<bool> IsUsableAsync(NatsConnection connection, CancellationToken cancellationToken)
    {
        if (connection.ConnectionState != NatsConnectionState.Open)
        {
            return false;
        }

        // The time of day goes on where the machine was halted; other clocks may have stood still with it.
        var pause = _time.GetUtcNow() - _lastUse;
        if (pause >= TimeSpan.Zero && pause < _options.ProbeAfter)
        {
            return true;
        }

        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(_options.ProbeTimeout);
        try
        {
            // The client's own wait for the answer does not end with the token.
            await connection.PingAsync(timeout.Token).AsTask().WaitAsync(timeout.Token);
            return true;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && e is NatsException or OperationCanceledException)
        {
            Log.NatsConnectionDead(_logger, e.GetType().Name);
            return false;
        }
    }
}
