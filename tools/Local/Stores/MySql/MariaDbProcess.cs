using MySqlConnector;
using Relaybox.Local.Servers;

namespace Relaybox.Local.Stores.MySql;

/// <summary>A MariaDB server of its own on loopback: the real one.</summary>
public sealed class MariaDbProcess : ServerProcess
{
    private readonly MariaDbFiles _files;

    private MariaDbProcess(int port, MariaDbFiles files, (string Program, string[] Arguments) command)
        : base("mysql", port, command.Program, command.Arguments) => _files = files;

    /// <inheritdoc />
    public override Uri Endpoint => new($"mysql://127.0.0.1:{Port}/");

    /// <summary>How the administrator connects.</summary>
    public string ConnectionString => new MySqlConnectionStringBuilder
    {
        Server = "127.0.0.1",
        Port = (uint)Port,
        UserID = MariaDbFiles.User,
        Password = _files.Password ?? "",
        SslMode = MySqlSslMode.None,
    }.ConnectionString;

    /// <summary>Starts a server on its files and waits until it answers.</summary>
    /// <param name="port">Where it listens.</param>
    /// <param name="files">Its files.</param>
    /// <param name="durable">
    /// Whether a commit waits for the disk, as in production; load figures are void without. Otherwise what was committed outlives
    /// the process, but not the machine.
    /// </param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="RunnerException">MariaDB is missing, or the server did not come up.</exception>
    public static async Task<MariaDbProcess> StartAsync(int port, MariaDbFiles files, bool durable, CancellationToken cancellationToken)
    {
        // With 2 each commit is written, and outlives the process; with 0 it would not.
        string[] durability = durable ? [] : ["--innodb-flush-log-at-trx-commit=2", "--innodb-flush-method=nosync", "--innodb-buffer-pool-size=64M"];

        // A server that starts deletes the temporary tables in its folder, those of other servers too.
        var command = MariaDbFiles.Command(
            [
                $"--defaults-file={files.OptionsFile}", $"--datadir={files.Data}", $"--socket={Path.Combine(files.Folder, "socket")}",
                $"--pid-file={Path.Combine(files.Folder, "pid")}", $"--tmpdir={files.Data}", "--bind-address=127.0.0.1", $"--port={port}",
                "--max-connections=400", "--skip-name-resolve", "--performance-schema=OFF", "--skip-log-bin", .. durability,
            ]);
        var server = new MariaDbProcess(port, files, command);
        await server.WaitUntilReadyAsync(cancellationToken);
        return server;
    }

    /// <summary>Makes a database, and a user who may connect to it and read what it holds, unless they are there already.</summary>
    /// <param name="database">The database's name: letters, digits and _.</param>
    /// <param name="user">The user's name: the same characters.</param>
    /// <param name="password">The user's password: the same characters.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal async Task CreateDatabaseAsync(string database, string user, string password, CancellationToken cancellationToken)
    {
        await using var connection = await ConnectAsync(cancellationToken);
        await using var create = new MySqlCommand(
            $"""
            CREATE DATABASE IF NOT EXISTS `{database}` CHARACTER SET utf8mb4;
            CREATE USER IF NOT EXISTS '{user}'@'%' IDENTIFIED BY '{password}';
            GRANT SELECT ON `{database}`.* TO '{user}'@'%';
            """,
            connection);
        await create.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Ends the connections of everybody else.</summary>
    internal async Task CutConnectionsAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await ConnectAsync(cancellationToken);
            foreach (var id in await ReadOthersAsync(connection, cancellationToken))
            {
                await CutAsync(id, connection, cancellationToken);
            }
        }
        catch (MySqlException)
        {
            // They are cut already.
        }
    }

    private protected override async Task ProbeAsync(CancellationToken cancellationToken)
    {
        await using var connection = await ConnectAsync(cancellationToken);
    }

    private static async Task<List<long>> ReadOthersAsync(MySqlConnection connection, CancellationToken cancellationToken)
    {
        await using var read = new MySqlCommand(
            "SELECT CAST(id AS SIGNED) FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND command <> 'Daemon'", connection);
        await using var rows = await read.ExecuteReaderAsync(cancellationToken);
        var ids = new List<long>();
        while (await rows.ReadAsync(cancellationToken))
        {
            ids.Add(rows.GetInt64(0));
        }

        return ids;
    }

    private static async Task CutAsync(long id, MySqlConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            await using var kill = new MySqlCommand(string.Create(null, $"KILL CONNECTION {id}"), connection);
            await kill.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (MySqlException exception) when (exception.ErrorCode == MySqlErrorCode.NoSuchThread)
        {
            // It has ended by itself.
        }
    }

    private async Task<MySqlConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        var connection = new MySqlConnection(ConnectionString + ";Pooling=false;Connection Timeout=5");
        try
        {
            await connection.OpenAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }
}
