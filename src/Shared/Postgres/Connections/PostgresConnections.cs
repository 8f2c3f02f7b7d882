using Npgsql;
using Relaybox.Diagnostics;
using Relaybox.Secrets;
using Relaybox.Timing;

namespace Relaybox.Postgres;

/// <summary>
/// Opens connections, pooled. The credentials come from the configuration or from a secret; where the server refuses
/// those of a secret, it is read again once, so that a rotation needs no restart.
/// </summary>
internal sealed class PostgresConnections : IAsyncDisposable, IExplainsFailures
{
    private const int MaxTries = 5;

    private readonly PostgresConnectionOptions _options;
    private readonly CachedSecret? _secret;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private volatile Source? _source;

    /// <summary>Connections by configuration.</summary>
    /// <param name="options">How the database is reached.</param>
    /// <param name="secrets">Where secrets come from.</param>
    public PostgresConnections(PostgresConnectionOptions options, ISecretSource secrets)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _secret = options.SecretArn is { } arn ? new CachedSecret(secrets, arn) : null;
    }

    /// <summary>Connections of a data source of the caller's, who disposes it.</summary>
    /// <param name="dataSource">The data source.</param>
    public PostgresConnections(NpgsqlDataSource dataSource)
    {
        _options = new PostgresConnectionOptions();
        _source = new Source(dataSource, dataSource, null, IsOwned: false);
    }

    /// <summary>
    /// Opens a connection, or takes one of the pool, for statements that leave nothing behind in its session: the next one gets it
    /// as it is, unless the options say otherwise.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="NpgsqlException">The server cannot be reached, or refuses the credentials.</exception>
    /// <exception cref="SecretException">The secret cannot be read.</exception>
    public ValueTask<NpgsqlConnection> OpenConnectionAsync(CancellationToken cancellationToken = default) =>
        OpenAsync(source => source.Own, cancellationToken);

    /// <summary>
    /// Opens a connection for anybody's statements, such as a handler's: its session is reset before the next one gets it. These
    /// connections are a pool of their own.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="NpgsqlException">The server cannot be reached, or refuses the credentials.</exception>
    /// <exception cref="SecretException">The secret cannot be read.</exception>
    internal ValueTask<NpgsqlConnection> OpenForHandlerAsync(CancellationToken cancellationToken) =>
        OpenAsync(source => source.Handlers, cancellationToken);

    /// <summary>
    /// Throws all connections away where a call failed because the server takes no writes: the host's name may lead to the primary by
    /// now, and what is pooled never would.
    /// </summary>
    /// <param name="exception">What the call threw.</param>
    internal void LeaveReadOnlyServer(Exception exception)
    {
        // The pool of a caller's data source is the caller's.
        if (_source is { IsOwned: true } source && PostgresFaults.IsOfReadOnlyServer(exception))
        {
            source.Own.Clear();
            source.Handlers.Clear();
        }
    }

    /// <summary>Whether a failed call can succeed later; see <see cref="PostgresFaults.IsTransient"/>. It leaves a read-only server.</summary>
    /// <param name="exception">What the call threw.</param>
    internal bool IsTransient(Exception exception)
    {
        LeaveReadOnlyServer(exception);
        return PostgresFaults.IsTransient(exception);
    }

    /// <summary>Repeats calls that failed so.</summary>
    /// <param name="time">The clock of the waits.</param>
    /// <param name="entropy">The source of their jitter.</param>
    internal RetryLoop Retries(TimeProvider time, IEntropy entropy) => new(
        MaxTries, new Backoff(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(1), entropy), IsTransient, time);

    /// <summary>
    /// Says what is wrong with the database where a call failed because of it, and what to do: it cannot be reached, refuses
    /// the user, lacks the tables, and so on.
    /// </summary>
    /// <param name="exception">What the call threw.</param>
    /// <returns>The failure, with <paramref name="exception"/> as its cause; null where the database is not to blame.</returns>
    public PostgresFailedException? Explain(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        LeaveReadOnlyServer(exception);
        return _source is { } source && PostgresFailureText.Describe(exception, PostgresTarget.Of(source.Own.ConnectionString, _options)) is { } text
            ? new PostgresFailedException(text, exception)
            : null;
    }

    /// <inheritdoc />
    Exception? IExplainsFailures.Explain(Exception exception) => Explain(exception);

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_source is { IsOwned: true } source)
        {
            await source.Own.DisposeAsync();
            await source.Handlers.DisposeAsync();
        }

        _secret?.Dispose();
        _gate.Dispose();
    }

    private async ValueTask<NpgsqlConnection> OpenAsync(Func<Source, NpgsqlDataSource> kind, CancellationToken cancellationToken)
    {
        var source = _source ?? await ReadAsync(null, cancellationToken);
        try
        {
            return await kind(source).OpenConnectionAsync(cancellationToken);
        }
        catch (PostgresException e) when (_secret is not null && PostgresFaults.IsRefusal(e))
        {
            var fresh = await ReadAsync(source, cancellationToken);
            if (fresh.Secret == source.Secret)
            {
                throw;
            }

            return await kind(fresh).OpenConnectionAsync(cancellationToken);
        }
    }

    private async Task<Source> ReadAsync(Source? refused, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_source is { } current && current != refused)
            {
                return current;
            }

            if (_secret is null)
            {
                return _source ??= Source.Create(PostgresConnectionText.FromUrl(_options), _options, null);
            }

            // The old source is left to its last users: disposing it would break what they have open.
            return _source = await _secret.MakeAsync(
                refused?.Secret,
                text => refused?.Secret == text ? refused! : Source.Create(PostgresConnectionText.FromSecret(text, _options), _options, text),
                cancellationToken);
        }
        finally
        {
            _gate.Release();
        }
    }

    private sealed record Source(NpgsqlDataSource Own, NpgsqlDataSource Handlers, string? Secret, bool IsOwned)
    {
        internal static Source Create(NpgsqlConnectionStringBuilder text, PostgresConnectionOptions options, string? secret)
        {
            var handlers = NpgsqlDataSource.Create(text.ConnectionString);
            if (!options.KeepsSessions)
            {
                return new Source(handlers, handlers, secret, IsOwned: true);
            }

            text.NoResetOnClose = true;
            return new Source(NpgsqlDataSource.Create(text.ConnectionString), handlers, secret, IsOwned: true);
        }
    }
}
