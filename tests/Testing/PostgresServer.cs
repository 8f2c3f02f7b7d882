using Npgsql;
using Relaybox.Local.Servers;
using Relaybox.Local.Stores.Postgres;
using Relaybox.Testing.Tls;
using Xunit;

namespace Relaybox.Testing;

/// <summary>
/// A real PostgreSQL server for one test assembly: <c>[assembly: AssemblyFixture(typeof(PostgresServer))]</c>, then a
/// constructor parameter of the test class. Every test makes a schema of its own (<see cref="UniqueSchema"/>). A test that
/// stops or kills the server makes a server of its own (<see cref="StartAsync(string, ServerCertificate)"/>).
/// </summary>
public sealed class PostgresServer : IAsyncLifetime
{
    private PostgresCluster? _cluster;
    private PostgresProcess? _process;

    /// <summary>How the superuser connects; everybody on loopback is trusted.</summary>
    public string ConnectionString => Started.ConnectionString;

    /// <summary>Connections of the superuser.</summary>
    public NpgsqlDataSource DataSource { get; private set; } = null!;

    public int Port => Started.Port;

    private PostgresProcess Started => _process ?? throw new InvalidOperationException("The server has not been started.");

    public static string UniqueSchema() => $"t{Guid.NewGuid():N}";

    /// <summary>A server of its own for a test that breaks it.</summary>
    /// <param name="password">The superuser's password; null: everybody on loopback is trusted.</param>
    /// <param name="certificate">With which it offers TLS; null: it offers none.</param>
    public static async Task<PostgresServer> StartAsync(string? password = null, ServerCertificate? certificate = null)
    {
        var server = new PostgresServer();
        await server.StartAsync(password, certificate, NetworkPorts.Free(1)[0]);
        return server;
    }

    /// <summary>Starts a hot standby of this server: one that follows it, and takes no writes. Everybody on loopback is trusted.</summary>
    public async Task<PostgresServer> StartStandbyAsync()
    {
        var standby = new PostgresServer { _cluster = await PostgresCluster.CopyAsync(Port, CancellationToken.None) };
        await standby.StartAgainAsync(NetworkPorts.Free(1)[0]);
        standby.DataSource = NpgsqlDataSource.Create(standby.ConnectionString);
        return standby;
    }

    /// <summary>Ends the server at once, without a shutdown, and starts it again on the same port.</summary>
    public async Task CrashAndRestartAsync()
    {
        var port = Port;
        await StopAtOnceAsync();
        await StartAgainAsync(port);
    }

    /// <summary>Ends the server at once, without a shutdown (<c>pg_ctl stop -m immediate</c>); its files stay.</summary>
    public Task StopAtOnceAsync() => Started.KillAsync();

    /// <summary>Starts the server again on its files, after <see cref="StopAtOnceAsync"/>.</summary>
    public Task StartAgainAsync() => StartAgainAsync(Port);

    /// <summary>Ends every other connection to the server, as a failover would.</summary>
    public async Task TerminateBackendsAsync()
    {
        await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'", connection);
        await command.ExecuteNonQueryAsync();
    }

    public ValueTask InitializeAsync() => new(StartAsync(null, null, NetworkPorts.Free(1)[0]));

    public async ValueTask DisposeAsync()
    {
        if (DataSource is not null)
        {
            await DataSource.DisposeAsync();
        }

        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        _cluster?.Dispose();
    }

    private async Task StartAsync(string? password, ServerCertificate? certificate, int port)
    {
        _cluster = await PostgresCluster.CreateAsync(password, CancellationToken.None);
        if (certificate is not null)
        {
            await _cluster.InstallAsync(certificate.CertificateFile, Path.Combine(_cluster.Data, "server.crt"), CancellationToken.None);
            await _cluster.InstallAsync(certificate.KeyFile, Path.Combine(_cluster.Data, "server.key"), CancellationToken.None);
            await File.AppendAllTextAsync(Path.Combine(_cluster.Data, "postgresql.conf"), "\nssl = on\n");
        }

        await StartAgainAsync(port);
        DataSource = NpgsqlDataSource.Create(ConnectionString);
    }

    private async Task StartAgainAsync(int port)
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        _process = await PostgresProcess.StartAsync(port, _cluster!, durable: false, CancellationToken.None);
    }
}
