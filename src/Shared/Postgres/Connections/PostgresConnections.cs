using System.Data.Common;
using Npgsql;
using Relaybox.Diagnostics;
using Relaybox.Secrets;
using Relaybox.Sql;
using Relaybox.Timing;

namespace Relaybox.Postgres;

/// <summary>
/// Opens connections, pooled. The credentials come from the configuration or from a secret; where the server refuses
/// those of a secret, it is read again once, so that a rotation needs no restart.
/// </summary>
internal sealed class PostgresConnections : IAsyncDisposable, IExplainsFailures, ISqlDatabase
{
    private readonly PostgresConnectionOptions _options;
    private readonly SecretBound<Source> _source;

    /// <summary>Connections by configuration.</summary>
    /// <param name="options">How the database is reached.</param>
    /// <param name="secrets">Where secrets come from.</param>
    public PostgresConnections(PostgresConnectionOptions options, ISecretSource secrets)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _source = new SecretBound<Source>(secrets, options.SecretArn, text => Source.Create(
            text is null ? PostgresConnectionText.FromUrl(options) : PostgresConnectionText.FromSecret(text, options), options));
    }

    /// <summary>Connections of a data source of the caller's, who disposes it.</summary>
    /// <param name="dataSource">The data source.</param>
    public PostgresConnections(NpgsqlDataSource dataSource)
    {
        _options = new PostgresConnectionOptions();
        _source = new SecretBound<Source>(new Source(dataSource, dataSource, IsOwned: false));
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
        if (_source.Current is { IsOwned: true } source && PostgresFaults.IsOfReadOnlyServer(exception))
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
    public RetryLoop Retries(TimeProvider time, IEntropy entropy) => RetryLoop.OfStore(IsTransient, time, entropy);

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
        return _source.Current is { } source
            && PostgresFailureText.Describe(exception, PostgresConnectionText.TargetOf(source.Own.ConnectionString, _options)) is { } text
            ? new PostgresFailedException(text, exception)
            : null;
    }

    /// <inheritdoc />
    Exception? IExplainsFailures.Explain(Exception exception) => Explain(exception);

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_source.Current is { IsOwned: true } source)
        {
            await source.Own.DisposeAsync();
            await source.Handlers.DisposeAsync();
        }

        _source.Dispose();
    }

    async ValueTask<DbConnection> ISqlDatabase.OpenAsync(CancellationToken cancellationToken) => await OpenConnectionAsync(cancellationToken);

    DbParameter ISqlDatabase.Text(string name, string? value) => Parameters.Text(value);

    DbParameter ISqlDatabase.Integer(string name, int value) => Parameters.Integer(value);

    DbParameter ISqlDatabase.Long(string name, long value) => Parameters.Long(value);

    DbParameter ISqlDatabase.Id(string name, string value) => Parameters.Text(value);

    DbParameter ISqlDatabase.Time(string name, DateTimeOffset? value) => Parameters.Time(value);

    DbParameter ISqlDatabase.Interval(string name, TimeSpan value) => Parameters.Interval(value);

    private ValueTask<NpgsqlConnection> OpenAsync(Func<Source, NpgsqlDataSource> kind, CancellationToken cancellationToken) => _source.UseAsync(
        (source, ct) => kind(source).OpenConnectionAsync(ct),
        failure => failure is PostgresException e && PostgresFaults.IsRefusal(e),
        cancellationToken);

    private sealed record Source(NpgsqlDataSource Own, NpgsqlDataSource Handlers, bool IsOwned)
    {
        internal static Source Create(NpgsqlConnectionStringBuilder text, PostgresConnectionOptions options)
        {
            var handlers = NpgsqlDataSource.Create(text.ConnectionString);
            if (!options.KeepsSessions)
            {
                return new Source(handlers, handlers, IsOwned: true);
            }

            text.NoResetOnClose = true;
            return new Source(NpgsqlDataSource.Create(text.ConnectionString), handlers, IsOwned: true);
        }
    }
}
