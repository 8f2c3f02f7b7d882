using MySqlConnector;

namespace Relaybox.MySql;

/// <summary>The pools of one set of credentials: of each host one for our own statements and one for handlers.</summary>
internal sealed class MySqlPools : IAsyncDisposable
{
    private readonly Host[] _hosts;
    private volatile int _at;

    /// <summary>Pools of the caller's, who disposes them.</summary>
    internal MySqlPools(MySqlDataSource dataSource) => _hosts = [new Host(dataSource, dataSource)];

    /// <summary>Pools of our own.</summary>
    /// <param name="hosts">How each host is reached, in the order in which they are tried.</param>
    internal MySqlPools(IReadOnlyList<MySqlConnectionStringBuilder> hosts)
    {
        _hosts = [.. hosts.Select(text => Create(text, mustWrite: hosts.Count > 1))];
        IsOwned = true;
    }

    internal bool IsOwned { get; }

    /// <summary>Opens a connection to the host that was good last, or else to the next one that can be reached and takes writes.</summary>
    /// <param name="forHandler">Whether the session is reset before the next one gets it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal async ValueTask<MySqlConnection> OpenAsync(bool forHandler, CancellationToken cancellationToken)
    {
        var first = _at;
        for (var tried = 1; ; tried++)
        {
            var at = (first + tried - 1) % _hosts.Length;
            try
            {
                var connection = await MySqlSession.OpenAsync(forHandler ? _hosts[at].Handlers : _hosts[at].Own, cancellationToken);
                _at = at;
                return connection;
            }
            catch (Exception e) when (tried < _hosts.Length && MySqlFaults.IsOfServer(e))
            {
                // The next one may be the primary.
            }
        }
    }

    /// <summary>Ends the idle connections. Those that are in use work on, and end when they are given back.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var host in _hosts)
        {
            await host.Own.DisposeAsync();
            await host.Handlers.DisposeAsync();
        }
    }

    private static Host Create(MySqlConnectionStringBuilder text, bool mustWrite)
    {
        // Our own statements leave nothing behind in a session: to reset it would be a round trip for nothing.
        var own = new MySqlConnectionStringBuilder(text.ConnectionString) { ConnectionReset = false };
        return new Host(
            MySqlSession.CreateDataSource(own.ConnectionString, mustWrite), MySqlSession.CreateDataSource(text.ConnectionString, mustWrite));
    }

    private sealed record Host(MySqlDataSource Own, MySqlDataSource Handlers);
}
