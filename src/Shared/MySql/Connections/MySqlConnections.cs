using System.Data.Common;
using MySqlConnector;
using Relaybox.Secrets;
using Relaybox.Sql;

namespace Relaybox.MySql;

/// <inheritdoc />
internal sealed class MySqlConnections : SqlConnections, IAsyncDisposable
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

    /// <inheritdoc />
    internal override void LeaveReadOnlyServer(Exception exception)
    {
        if (_pools.Current is { IsOwned: true } pools && MySqlFaults.IsOfReadOnlyServer(exception) && _pools.Forget(pools))
        {
            _ = pools.DisposeAsync().AsTask();
        }
    }

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

    /// <inheritdoc />
    internal override async ValueTask<DbConnection> OpenAsync(CancellationToken cancellationToken) => await OpenConnectionAsync(cancellationToken);

    /// <inheritdoc />
    internal override DbParameter Text(string name, string? value) => new MySqlParameter(name, (object?)value ?? DBNull.Value);

    /// <inheritdoc />
    internal override DbParameter Integer(string name, int value) => new MySqlParameter(name, (object)value);

    /// <inheritdoc />
    internal override DbParameter Long(string name, long value) => new MySqlParameter(name, (object)value);

    /// <inheritdoc />
    internal override DbParameter Id(string name, string value) => Parameters.Bytes(name, value);

    /// <inheritdoc />
    internal override DbParameter Time(string name, DateTimeOffset? value) => Parameters.Time(name, value);

    /// <inheritdoc />
    internal override DbParameter Interval(string name, TimeSpan value) => Parameters.Interval(name, value);

    /// <inheritdoc />
    protected override bool CanSucceedLater(Exception exception) => MySqlFaults.IsTransient(exception);

    /// <inheritdoc />
    protected override bool IsOfServer(Exception exception) => MySqlFaults.IsOfServer(exception);

    /// <inheritdoc />
    protected override string? Describe(Exception exception) => _target is { } target ? MySqlFailureText.Describe(exception, target) : null;

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
