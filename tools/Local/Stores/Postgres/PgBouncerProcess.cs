using Npgsql;
using Relaybox.Local.Processes;
using Relaybox.Local.Servers;

namespace Relaybox.Local.Stores.Postgres;

/// <summary>pgbouncer on loopback, in front of a PostgreSQL server on loopback: the real one.</summary>
public sealed class PgBouncerProcess : ServerProcess
{
    private const string Fix = "Install it (Debian: pgbouncer).";

    private readonly string _user;
    private readonly string? _password;

    private PgBouncerProcess(int port, string user, string? password, (string Program, string[] Arguments) command)
        : base("pgbouncer", port, command.Program, command.Arguments, Signals.Interrupt)
    {
        _user = user;
        _password = password;
    }

    /// <inheritdoc />
    public override Uri Endpoint => new($"postgres://127.0.0.1:{Port}/");

    /// <summary>Starts a pooler and waits until it answers.</summary>
    /// <param name="port">Where it listens.</param>
    /// <param name="configurationFile">Its configuration; the user that it runs as has to be able to read it.</param>
    /// <param name="user">As whom to ask whether it is there.</param>
    /// <param name="password">That user's password; null: none.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="RunnerException">pgbouncer is missing, or did not come up.</exception>
    public static async Task<PgBouncerProcess> StartAsync(
        int port, string configurationFile, string user, string? password, CancellationToken cancellationToken)
    {
        // Debian's package puts it where only root's PATH leads; like PostgreSQL it refuses to run as root.
        var program = File.Exists("/usr/sbin/pgbouncer") ? "/usr/sbin/pgbouncer" : Executables.Require("pgbouncer", "A pooler", Fix);
        var server = new PgBouncerProcess(port, user, password, PostgresCluster.AsUser(PostgresCluster.User, program, [configurationFile]));
        await server.WaitUntilReadyAsync(cancellationToken);
        return server;
    }

    private protected override async Task ProbeAsync(CancellationToken cancellationToken)
    {
        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1", Port = Port, Username = _user, Password = _password, Database = "postgres", SslMode = SslMode.Disable,
            Pooling = false, NoResetOnClose = true, Timeout = 5,
        };
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync(cancellationToken);
    }
}
