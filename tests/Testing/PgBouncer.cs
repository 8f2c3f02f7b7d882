using System.Diagnostics;
using Npgsql;
using Relaybox.Local.Servers;
using Relaybox.Local.Stores.Postgres;
using Xunit;

namespace Relaybox.Testing;

/// <summary>
/// A real pgbouncer in front of the test assembly's PostgreSQL server, which gives each transaction another connection to
/// the server: <c>IClassFixture&lt;PgBouncer&gt;</c>, then a constructor parameter of the test class. Who wants a password
/// asked for, or another server, makes one of his own (<see cref="StartAsync(PostgresServer, bool, int)"/>).
/// </summary>
public sealed class PgBouncer : IAsyncLifetime
{
    /// <summary>How many connections to the server each user has in turns.</summary>
    public const int PoolSize = 4;

    private readonly string _folder = Directory.CreateTempSubdirectory("relaybox-pgbouncer-").FullName;
    private readonly PostgresServer _server;
    private PgBouncerProcess? _process;

    public PgBouncer(PostgresServer server) => _server = server;

    public int Port => (_process ?? throw new InvalidOperationException("The pooler has not been started.")).Port;

    /// <summary>A pooler of its own for a test.</summary>
    /// <param name="server">The server behind it.</param>
    /// <param name="asksForPassword">Whether its clients need the passwords that the server has for them; it looks them up as the superuser.</param>
    /// <param name="patienceSeconds">How long a statement waits for the server before the pooler refuses it.</param>
    public static async Task<PgBouncer> StartAsync(PostgresServer server, bool asksForPassword, int patienceSeconds = 120)
    {
        var pooler = new PgBouncer(server);
        await pooler.StartAsync(asksForPassword, patienceSeconds);
        return pooler;
    }

    public ValueTask InitializeAsync() => new(StartAsync(asksForPassword: false, patienceSeconds: 120));

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private async Task StartAsync(bool asksForPassword, int patienceSeconds)
    {
        var superuser = new NpgsqlConnectionStringBuilder(_server.ConnectionString);
        var port = NetworkPorts.Free(1)[0];
        var users = Path.Combine(_folder, "users.txt");
        var configuration = Path.Combine(_folder, "pgbouncer.ini");
        await File.WriteAllTextAsync(users, $"\"{superuser.Username}\" \"{superuser.Password}\"\n");
        await File.WriteAllTextAsync(
            configuration,
            $"""
            [databases]
            * = host=127.0.0.1 port={_server.Port}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {port}
            unix_socket_dir =
            auth_type = {(asksForPassword ? "scram-sha-256" : "trust")}
            auth_file = {users}
            auth_user = {superuser.Username}
            pool_mode = transaction
            default_pool_size = {PoolSize}
            server_round_robin = 1
            max_client_conn = 500
            server_login_retry = 1
            query_wait_timeout = {patienceSeconds}
            log_connections = 0
            log_disconnections = 0

            """);
        if (Environment.UserName == "root")
        {
            using var chown = Process.Start("chown", ["-R", $"{PostgresCluster.User}:", _folder]);
            await chown.WaitForExitAsync();
        }

        _process = await PgBouncerProcess.StartAsync(port, configuration, superuser.Username!, superuser.Password, CancellationToken.None);
    }
}
