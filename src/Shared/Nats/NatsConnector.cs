using Microsoft.Extensions.Logging;
using NATS.Client.Core;
using Relaybox.Diagnostics;
using Relaybox.Secrets;
using Relaybox.Settings;

namespace Relaybox.Nats;

/// <summary>Holds the one connection of a process, and makes another when it is of no use any more.</summary>
internal sealed class NatsConnector : IAsyncDisposable
{
    private readonly NatsConnectionOptions _options;
    private readonly NatsOpts _client;
    private readonly CachedSecret? _secret;
    private readonly TimeProvider _time;
    private readonly ILogger<NatsConnector> _logger;
    private readonly SemaphoreSlim _gate = new(1);
    private NatsSession? _session;
    private DateTimeOffset _lastUse;

    /// <summary>Checks the options; the connection is made when it is first needed.</summary>
    /// <param name="options">Where the servers are, and who we are there.</param>
    /// <param name="time">The clock that tells how long the connection was not used.</param>
    /// <param name="logger">The log.</param>
    /// <param name="secret">
    /// The credentials, where they are kept as a secret; read again once when they are refused or are none, not in an outage.
    /// </param>
    /// <exception cref="SettingsException">The options cannot be used.</exception>
    public NatsConnector(NatsConnectionOptions options, TimeProvider time, ILogger<NatsConnector> logger, CachedSecret? secret = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _client = NatsClientOptions.From(options);
        _time = time;
        _logger = logger;
        _secret = secret;
    }

    /// <summary>A connection that works, or did a moment ago.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="NatsException">No server can be used.</exception>
    /// <exception cref="SecretException">The credentials' secret cannot be read, or holds no credentials.</exception>
    /// <exception cref="SettingsException">The secret's credentials cannot be used with these options.</exception>
    internal async ValueTask<NatsSession> OpenAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_session is { } session && !await IsUsableAsync(session, cancellationToken))
            {
                // Its last words may take a while, and nothing waits for them.
                _ = session.DisposeAsync().AsTask();
                _session = null;
            }

            _session ??= await ConnectAsync(cancellationToken);
            _lastUse = _time.GetUtcNow();
            return _session;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_session is { } session)
        {
            await session.DisposeAsync();
        }

        _gate.Dispose();
    }

    private async Task<NatsSession> ConnectAsync(CancellationToken cancellationToken)
    {
        if (_secret is null)
        {
            return await ConnectAsync(_client, cancellationToken);
        }

        var text = await _secret.GetAsync(null, cancellationToken);
        try
        {
            return await ConnectAsync(Client(text), cancellationToken);
        }
        catch (Exception e) when (NatsRefusal.IsOfCredentials(e))
        {
            var fresh = await _secret.GetAsync(text, cancellationToken);
            if (fresh == text)
            {
                throw;
            }

            return await ConnectAsync(Client(fresh), cancellationToken);
        }
    }

    private Task<NatsSession> ConnectAsync(NatsOpts client, CancellationToken cancellationToken) =>
        NatsSession.OpenAsync(client, _time, _logger, cancellationToken);

    private NatsOpts Client(string secret) => NatsClientOptions.From(NatsCredentials.Apply(_options, secret, _secret!.Arn));

    private async Task<bool> IsUsableAsync(NatsSession session, CancellationToken cancellationToken)
    {
        if (!session.IsOpen)
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
            await session.PingAsync(timeout.Token);
            return true;
        }
        catch (Exception e) when (session.IsFault(e, cancellationToken))
        {
            Log.ConnectionDead(_logger, e.GetType().Name);
            return false;
        }
    }
}
