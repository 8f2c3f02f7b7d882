using System.Runtime.CompilerServices;
using Relaybox.Diagnostics;
using Relaybox.Secrets;
using Relaybox.Timing;
using StackExchange.Redis;

namespace Relaybox.Redis;

/// <summary>
/// Gives out the database. The credentials come from the configuration or from a secret; where the server refuses those of a secret, it
/// is read again once, so that a rotation needs no restart. A connection that has no primary any more is thrown away.
/// </summary>
internal sealed class RedisConnections : IAsyncDisposable, IExplainsFailures
{
    private readonly RedisConnectionOptions _options;
    private readonly RedisOptions? _keys;
    private readonly SecretBound<RedisSource> _sources;

    // WAIT blocks its connection: what waits has one of its own.
    private readonly SecretBound<RedisSource>? _waiting;
    private readonly ConditionalWeakTable<IConnectionMultiplexer, RedisDurability> _durabilities = [];
    private volatile RedisTarget? _target;
    private volatile bool _isChecked;
    private volatile bool _isDisposed;

    /// <summary>Connections by configuration.</summary>
    /// <param name="options">How the server is reached.</param>
    /// <param name="keys">The keys; they have to be there when the first call is made.</param>
    /// <param name="secrets">Where secrets come from.</param>
    public RedisConnections(RedisConnectionOptions options, RedisOptions keys, ISecretSource secrets)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_options, _keys) = (options, keys);
        _sources = new SecretBound<RedisSource>(secrets, options.SecretArn, Create);
        _waiting = options.Confirms ? new SecretBound<RedisSource>(secrets, options.SecretArn, Create) : null;
    }

    /// <summary>Connections of the caller's multiplexer, who disposes it.</summary>
    /// <param name="multiplexer">The connection.</param>
    public RedisConnections(IConnectionMultiplexer multiplexer)
    {
        ArgumentNullException.ThrowIfNull(multiplexer);
        _options = new RedisConnectionOptions();
        _sources = new SecretBound<RedisSource>(new RedisSource(multiplexer));
        (_target, _isChecked) = (RedisTarget.Of(multiplexer), true);
    }

    /// <summary>Makes a call; again, with what the secret says by now, where the server refuses the credentials.</summary>
    /// <param name="call">The call.</param>
    /// <param name="cancellationToken">Ends the wait; the call may still be executed.</param>
    /// <exception cref="SecretException">The secret cannot be read.</exception>
    /// <exception cref="RedisSchemaException">Setup has not run, or not for this version and this number of buckets.</exception>
    internal async Task<T> UseAsync<T>(Func<IDatabase, Task<T>> call, CancellationToken cancellationToken) =>
        await UseMultiplexerAsync(
            async (multiplexer, ct) =>
            {
                var database = multiplexer.GetDatabase();
                if (!_isChecked)
                {
                    await RedisSchema.RequireAsync(database, _keys!, ct);
                    _isChecked = true;
                }

                return await call(database).WaitAsync(ct);
            },
            cancellationToken);

    /// <summary>Makes a call with the connection itself, whether Setup has run or not.</summary>
    /// <param name="call">The call. It may not block the connection, which everybody shares.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="SecretException">The secret cannot be read.</exception>
    internal Task<T> UseMultiplexerAsync<T>(
        Func<IConnectionMultiplexer, CancellationToken, Task<T>> call, CancellationToken cancellationToken) =>
        UseAsync(_sources, call, cancellationToken);

    /// <summary>
    /// Runs a script whose writes must not be lost, as far as the settings ask for it (<see cref="RedisConnectionOptions.Confirms"/>).
    /// </summary>
    /// <param name="script">The script. It must expect the effects of its own earlier tries.</param>
    /// <param name="keys">Every key that it touches.</param>
    /// <param name="values">Its other arguments.</param>
    /// <param name="cancellationToken">Ends the wait; the script may still be executed.</param>
    /// <exception cref="DurabilityUnknownException">It is written, and not confirmed.</exception>
    internal async Task<RedisResult> RunDurablyAsync(
        RedisScript script, RedisKey[] keys, RedisValue[] values, CancellationToken cancellationToken)
    {
        if (_waiting is null)
        {
            return await UseAsync(database => script.RunAsync(database, keys, values), cancellationToken);
        }

        if (!_isChecked)
        {
            await UseAsync(_ => Task.FromResult(true), cancellationToken);
        }

        return await UseAsync(
            _waiting, (multiplexer, ct) => _durabilities.GetValue(multiplexer, DurabilityOf).RunAsync(script, keys, values, ct), cancellationToken);
    }

    private RedisDurability DurabilityOf(IConnectionMultiplexer multiplexer) => _options.ConfirmsOnDisk
        ? RedisDurability.Disk(multiplexer, _options.ConfirmingReplicas, _options.ConfirmsWithin)
        : RedisDurability.Replicas(multiplexer, _options.ConfirmingReplicas, _options.ConfirmsWithin);

    private RedisSource Create(string? secret)
    {
        var configuration = secret is null ? RedisConnectionText.FromUrl(_options) : RedisConnectionText.FromSecret(secret, _options);
        _target = RedisTarget.Of(configuration, _options);
        return new RedisSource(configuration);
    }

    private async Task<T> UseAsync<T>(
        SecretBound<RedisSource> sources, Func<IConnectionMultiplexer, CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await sources.UseAsync(
                    async (source, ct) =>
                    {
                        try
                        {
                            return await call(await source.GetAsync(ct), ct);
                        }
                        catch (RedisException e)
                        {
                            Leave(sources, source, e);
                            throw;
                        }
                    },
                    RedisFaults.IsRefusal,
                    cancellationToken);
            }
            catch (ObjectDisposedException) when (!_isDisposed && sources.Current is not { IsOwned: false })
            {
                // Somebody else has just thrown this connection away: the next one is another.
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    /// <summary>Repeats calls whose failure is transient.</summary>
    /// <param name="time">The clock of the waits.</param>
    /// <param name="entropy">The source of their jitter.</param>
    internal RetryLoop Retries(TimeProvider time, IEntropy entropy) => RetryLoop.OfStore(RedisFaults.IsTransient, time, entropy);

    /// <summary>Says what is wrong with the server where a call failed because of it, and what to do.</summary>
    /// <param name="exception">What the call threw.</param>
    /// <returns>The failure, with <paramref name="exception"/> as its cause; null where the server is not to blame.</returns>
    public StoreFailedException? Explain(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return _target is { } target && RedisFailureText.Describe(exception, target) is { } text
            ? new StoreFailedException(text, exception)
            : null;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        _isDisposed = true;
        foreach (var sources in _waiting is null ? [_sources] : new[] { _sources, _waiting })
        {
            if (sources.Current is { IsOwned: true } source)
            {
                await source.DisposeAsync();
            }

            sources.Dispose();
        }
    }

    // A host's name may lead to another primary by now, and the client does not notice by itself that a primary has become a replica, nor that
    // a password has changed.
    private static void Leave(SecretBound<RedisSource> sources, RedisSource source, Exception exception)
    {
        var isReadOnly = RedisFaults.IsOfReadOnlyServer(exception);
        if (!isReadOnly && !(RedisFaults.IsOfConnection(exception) && source.Current is not null && !source.HasPrimary()))
        {
            return;
        }

        if (!source.IsOwned)
        {
            _ = source.Current!.ConfigureAsync();
        }
        else if (sources.Forget(source))
        {
            _ = source.DisposeAsync().AsTask();
        }
    }
}
