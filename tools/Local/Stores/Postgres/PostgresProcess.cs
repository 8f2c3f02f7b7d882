using Npgsql;
using Relaybox.Local.Processes;
using Relaybox.Local.Servers;

namespace Relaybox.Local.Stores.Postgres;

/// <summary>A PostgreSQL server of its own on loopback: the real one.</summary>
public sealed class PostgresProcess : ServerProcess
{
    private readonly PostgresCluster _cluster;

    private PostgresProcess(int port, PostgresCluster cluster, (string Program, string[] Arguments) command)
        : base("postgres", port, command.Program, command.Arguments, Signals.Interrupt) => _cluster = cluster;

    /// <inheritdoc />
    public override Uri Endpoint => new($"postgres://127.0.0.1:{Port}/");

    /// <summary>How the superuser connects to the database postgres.</summary>
    public string ConnectionString => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = Port,
        Username = PostgresCluster.User,
        Password = _cluster.Password,
        Database = "postgres",
        SslMode = SslMode.Disable,
    }.ConnectionString;

    /// <summary>Starts a server on a cluster's files and waits until it answers.</summary>
    /// <param name="port">Where it listens.</param>
    /// <param name="cluster">Its files.</param>
    /// <param name="durable">
    /// Whether a commit waits for the disk, as in production; load figures are void without. Otherwise what was committed outlives
    /// the process, but not the machine.
    /// </param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="RunnerException">PostgreSQL is missing, or the server did not come up.</exception>
    public static async Task<PostgresProcess> StartAsync(
        int port, PostgresCluster cluster, bool durable, CancellationToken cancellationToken)
    {
        // Without fsync what was committed still outlives the process; with synchronous_commit off it would not.
        string[] durability = durable ? [] : ["-c", "fsync=off", "-c", "full_page_writes=off"];
        var command = PostgresCluster.Command(
            "postgres",
            [
                "-D", cluster.Data, "-p", $"{port}", "-k", cluster.Folder,
                "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200", .. durability,
            ]);
        var server = new PostgresProcess(port, cluster, command);
        await server.WaitUntilReadyAsync(cancellationToken);
        return server;
    }

    /// <summary>Makes a user who may connect, and nothing else, unless it is there already.</summary>
    /// <param name="name">Its name: letters, digits and _.</param>
    /// <param name="password">Its password: the same characters.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal async Task CreateUserAsync(string name, string password, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
        await connection.OpenAsync(cancellationToken);
        await using var create = new NpgsqlCommand(
            $"""
            DO $$ BEGIN
                IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}') THEN
                    CREATE ROLE "{name}" LOGIN PASSWORD '{password}';
                END IF;
            END $$
            """,
            connection);
        await create.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Ends the connections of everybody else.</summary>
    internal async Task CutConnectionsAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
            await connection.OpenAsync(cancellationToken);
            await using var command = new NpgsqlCommand(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
                connection);
            await command.ExecuteScalarAsync(cancellationToken);
        }
        catch (NpgsqlException)
        {
            // They are cut already.
        }
    }

    /// <inheritdoc />
    /// <remarks>SIGQUIT: no checkpoint, every backend ends at once. After SIGKILL they would hold the files for a while.</remarks>
    public override Task KillAsync() => SignalAndWaitAsync(Signals.Quit);

    private protected override async Task ProbeAsync(CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false;Timeout=5");
        await connection.OpenAsync(cancellationToken);
    }
}
