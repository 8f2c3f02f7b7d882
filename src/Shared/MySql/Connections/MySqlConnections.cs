using System.Data.Common;
using MySqlConnector;
using Relaybox.Diagnostics;
using Relaybox.Secrets;
using Relaybox.Sql;
using Relaybox.Timing;

namespace Relaybox.MySql;

/// <summary>
/// Opens connections, pooled. The credentials come from the configuration or from a secret; where the server refuses
/// those of a secret, it is read again once, so that a rotation needs no restart.
/// </summary>
internal sealed class MySqlConnections : IAsyncDisposable, IExplainsFailures, ISqlDatabase
{
    private readonly SecretBound<MySqlPools> _pools;
    private volatile SqlTarget? _target;
    private volatile bool _isDisposed;

    /// <summary>How large a statement may be.</summary>
    internal MySqlPacketLimit PacketLimit { get; } = new();

    /// <summary>Connections by configuration.</summary>
    /// <param name="options">How the database is reached.</param>
    /// <param name="secrets">Where secrets come from.</param>
    public MySqlConnections(SqlConnectionOptions options, ISecretSource secrets)
    {
        ArgumentNullException.ThrowIfNull(options);
        _pools = new SecretBound<MySqlPools>(secrets, options.SecretArn, text =>
        {
            var hosts = text is null ? MySqlConnectionText.FromUrl(options) : MySqlConnectionText.FromSecret(text, options);
            _target = MySqlConnectionText.TargetOf(hosts, options);
            return new MySqlPools(hosts);
        });
    }

    /// <summary>Connections of a data source of the caller's, who disposes it.</summary>
    /// <param name="dataSource">The data source.</param>
    public MySqlConnections(MySqlDataSource dataSource)
    {
        ArgumentNullException.ThrowIfNull(dataSource);
        _pools = new SecretBound<MySqlPools>(new MySqlPools(dataSource));
        _target = MySqlConnectionText.TargetOf([new MySqlConnectionStringBuilder(dataSource.ConnectionString)], new SqlConnectionOptions());
    }

    /// <summary>
    /// Opens a connection, or takes one of the pool, for statements that leave nothing behind in its session: the next one gets it as it
    /// is.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="MySqlException">The server cannot be reached, or refuses the credentials.</exception>
    /// <exception cref="MySqlVersionException">The server is too old.</exception>
    /// <exception cref="SecretException">The secret cannot be read.</exception>
    public ValueTask<MySqlConnection> OpenConnectionAsync(CancellationToken cancellationToken = default) =>
        UseAsync((pools, ct) => pools.OpenAsync(forHandler: false, ct), cancellationToken);

    /// <summary>
    /// Opens a connection for anybody's statements, such as a handler's: its session is reset before the next one gets it. These
    /// connections are a pool of their own.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="MySqlException">The server cannot be reached, or refuses the credentials.</exception>
    /// <exception cref="MySqlVersionException">The server is too old.</exception>
    /// <exception cref="SecretException">The secret cannot be read.</exception>
    internal ValueTask<MySqlConnection> OpenForHandlerAsync(CancellationToken cancellationToken) =>
        UseAsync((pools, ct) => pools.OpenAsync(forHandler: true, ct), cancellationToken);

    /// <summary>
    /// Throws all connections away where a call failed because the server takes no writes: the host's name may lead to the primary by
    /// now, and what is pooled never would.
    /// </summary>
    /// <param name="exception">What the call threw.</param>
    internal void LeaveReadOnlyServer(Exception exception)
    {
        // The pool of a caller's data source is the caller's.
        if (_pools.Current is { IsOwned: true } pools && MySqlFaults.IsOfReadOnlyServer(exception) && _pools.Forget(pools))
        {
            _ = pools.DisposeAsync().AsTask();
        }
    }

    /// <summary>Whether a failed call can succeed later; see <see cref="MySqlFaults.IsTransient"/>. It leaves a read-only server.</summary>
    /// <param name="exception">What the call threw.</param>
    internal bool IsTransient(Exception exception)
    {
        LeaveReadOnlyServer(exception);
        return MySqlFaults.IsTransient(exception);
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
    public MySqlFailedException? Explain(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        LeaveReadOnlyServer(exception);
        return _target is { } target && MySqlFailureText.Describe(exception, target) is { } text
            ? new MySqlFailedException(text, exception)
            : null;
    }

    /// <inheritdoc />
    Exception? IExplainsFailures.Explain(Exception exception) => Explain(exception);

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        _isDisposed = true;
        if (_pools.Current is { IsOwned: true } pools)
        {
            await pools.DisposeAsync();
        }

        _pools.Dispose();
    }

    async ValueTask<DbConnection> ISqlDatabase.OpenAsync(CancellationToken cancellationToken) => await OpenConnectionAsync(cancellationToken);

    DbParameter ISqlDatabase.Text(string name, string? value) => new MySqlParameter(name, (object?)value ?? DBNull.Value);

    DbParameter ISqlDatabase.Integer(string name, int value) => new MySqlParameter(name, (object)value);

    DbParameter ISqlDatabase.Long(string name, long value) => new MySqlParameter(name, (object)value);

    DbParameter ISqlDatabase.Id(string name, string value) => Parameters.Bytes(name, value);

    DbParameter ISqlDatabase.Time(string name, DateTimeOffset? value) => Parameters.Time(name, value);

    DbParameter ISqlDatabase.Interval(string name, TimeSpan value) => Parameters.Interval(name, value);

    private async ValueTask<T> UseAsync<T>(Func<MySqlPools, CancellationToken, ValueTask<T>> use, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await _pools.UseAsync(use, MySqlFaults.IsRefusal, cancellationToken);
            }
            catch (ObjectDisposedException) when (!_isDisposed && _pools.Current is not { IsOwned: false })
            {
                // Somebody else has just left a read-only server: the next pools are other ones.
            }
        }
    }
}
