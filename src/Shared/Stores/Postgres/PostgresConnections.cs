using Npgsql;
using Relaybox.Secrets;

namespace Relaybox.Stores.Postgres;

/// <summary>
/// Opens connections, pooled. The credentials come from the configuration or from a secret; where the server refuses
/// those of a secret, it is read again once, so that a rotation needs no restart.
/// </summary>
public sealed class PostgresConnections : IAsyncDisposable
{
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
        _source = new Source(dataSource, null, Owned: false);
    }

    /// <summary>Opens a connection, or takes one of the pool.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="NpgsqlException">The server cannot be reached, or refuses the credentials.</exception>
    /// <exception cref="SecretException">The secret cannot be read.</exception>
    public async ValueTask<NpgsqlConnection> OpenConnectionAsync(CancellationToken cancellationToken = default)
    {
        var source = _source ?? await ReadAsync(null, cancellationToken);
        try
        {
            return await source.Data.OpenConnectionAsync(cancellationToken);
        }
        catch (PostgresException e) when (_secret is not null && PostgresFaults.IsRefusal(e))
        {
            var fresh = await ReadAsync(source, cancellationToken);
            if (fresh.Secret == source.Secret)
            {
                throw;
            }

            return await fresh.Data.OpenConnectionAsync(cancellationToken);
        }
    }

    /// <summary>
    /// Says what is wrong with the database where a call failed because of it, and what to do: it cannot be reached, refuses
    /// the user, lacks the tables, and so on.
    /// </summary>
    /// <param name="exception">What the call threw.</param>
    /// <returns>The failure, with <paramref name="exception"/> as its cause; null where the database is not to blame.</returns>
    public PostgresFailedException? Explain(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return _source is { } source && PostgresFailureText.Describe(exception, PostgresTarget.Of(source.Data.ConnectionString, _options)) is { } text
            ? new PostgresFailedException(text, exception)
            : null;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_source is { Owned: true } source)
        {
            await source.Data.DisposeAsync();
        }

        _secret?.Dispose();
        _gate.Dispose();
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
                return _source ??= new Source(NpgsqlDataSource.Create(PostgresConnectionText.FromUrl(_options)), null, Owned: true);
            }

            var text = await _secret.GetAsync(refused?.Secret, cancellationToken);
            if (refused is not null && refused.Secret == text)
            {
                return refused;
            }

            // The old source is left to its last users: disposing it would break what they have open.
            return _source = new Source(NpgsqlDataSource.Create(PostgresConnectionText.FromSecret(text, _options)), text, Owned: true);
        }
        finally
        {
            _gate.Release();
        }
    }

    private sealed record Source(NpgsqlDataSource Data, string? Secret, bool Owned);
}
